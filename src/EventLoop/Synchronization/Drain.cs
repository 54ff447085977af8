using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>
/// Takes items until there will be no more: <c>await foreach</c> over a queue or a receiver. One object for each enumeration; .NET's own
/// way back from a ValueTask into a synchronization context costs 64 bytes whenever it has to wait.
/// The waits are those of the loop's own operations, in the task that enumerates, so a cancellation interrupts them.
/// </summary>
internal abstract class Drain<T> : IAsyncEnumerator<T>
{
    private readonly CancellationToken token;
    private readonly CancellationTokenRegistration registration;
    private PooledWait? taking;          // while MoveNextAsync waits
    private long takingToken;
    private T? current;

    protected Drain(CancellationToken token)
    {
        this.token = token;
        if (token.CanBeCanceled)
        {
            var loop = LoopCore.Required.Loop;
            registration = token.UnsafeRegister(
                _ =>
                {
                    try
                    {
                        loop.Post(Interrupt);
                    }
                    catch (ObjectDisposedException)
                    {
                        // The loop is closed: nobody waits there any more.
                    }
                },
                null);
        }
    }

    public T Current => current!;

    protected abstract Coroutine<T> Take();

    /// <summary>It is known now that there will be no more.</summary>
    protected abstract bool IsOver { get; }

    /// <summary>What <see cref="Take"/> throws when there will be no more.</summary>
    protected abstract bool IsEnd(Exception exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> MoveNextAsync()
    {
        token.ThrowIfCancellationRequested();
        if (IsOver)
        {
            await new Coroutine(CheckPointSource.Instance, 0);
            current = default;
            return false;
        }

        var take = Take();
        if (token.CanBeCanceled)
        {
            taking = (PooledWait)take.Source!;
            takingToken = take.Token;
        }

        try
        {
            current = await take;
            return true;
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            current = default;
            return false;
        }
        finally
        {
            taking = null;
        }
    }

    public ValueTask DisposeAsync()
    {
        registration.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Interrupt() => taking?.Interrupt(takingToken, new OperationCanceledException(token));
}
