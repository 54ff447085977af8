using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>The wait for a task or future as a coroutine.</summary>
internal class AwaitSource(LoopAwaitable awaitable) : ICoroutineSource
{
    private bool started;

    public bool Start(long token)
    {
        if (started)
        {
            Throw.AwaitedTwice();
        }

        started = true;
        return new LoopAwaiter(awaitable).IsCompleted;
    }

    public void Park(LoopCore core, long token, WaitNode awaiting) => LoopAwaiter.Park(core, awaitable, awaiting);

    public void End(long token) => new LoopAwaiter(awaitable).GetResult();
}

/// <inheritdoc/>
internal sealed class AwaitSource<T>(LoopAwaitable awaitable, Func<LoopAwaitable, T> result) : AwaitSource(awaitable), ICoroutineSource<T>
{
    private readonly LoopAwaitable awaitable = awaitable;

    public T EndWithResult(long token)
    {
        End(token);
        return result(awaitable);
    }
}
