using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>The wait for a task or future as a coroutine.</summary>
[StackTraceHidden]
internal class AwaitSource(LoopAwaitable awaitable) : ICoroutineSource
{
    private bool started;

    internal LoopAwaitable Awaitable => awaitable;

    /// <summary>Whether nobody has awaited or taken it yet.</summary>
    internal bool IsFresh => !started;

    public bool Start(long token)
    {
        if (started)
        {
            Throw.AwaitedTwice();
        }

        bool completed = new LoopAwaiter(awaitable).IsCompleted;      // which refuses a wrong loop before anything was started
        started = true;
        return completed;
    }

    /// <summary>For a combinator, which waits for the task or future itself.</summary>
    internal LoopAwaitable Take()
    {
        if (started)
        {
            Throw.AwaitedTwice();
        }

        started = true;
        return awaitable;
    }

    public void Park(LoopCore core, long token, WaitNode awaiting) => LoopAwaiter.Park(core, awaitable, awaiting);

    public void End(long token) => new LoopAwaiter(awaitable).GetResult();
}

/// <inheritdoc/>
[StackTraceHidden]
internal sealed class AwaitSource<T>(LoopAwaitable awaitable, Func<LoopAwaitable, T> result) : AwaitSource(awaitable), ICoroutineSource<T>
{
    public T EndWithResult(long token)
    {
        End(token);
        return result(Awaitable);
    }
}
