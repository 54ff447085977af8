using System.Threading.Tasks.Sources;
using EventLoop.Scheduling;

namespace EventLoop.AspNetCore.Requests;

/// <summary>
/// A wait that ends on the loop, whatever its awaiter asked for: in the awaiter's context if it asked for that; otherwise a write ends in the context in which
/// it began (its direct awaiter calls the application again), and a read ends raw (there are layers in between, whose tasks .NET would push to the thread pool
/// if there were a context).
/// </summary>
internal sealed class StayingWait<T> : LoopItem, IValueTaskSource<T>, IValueTaskSource
{
    private static readonly Action<object?> Ended = static _ => { };

    private readonly LoopCore core;
    private readonly ValueTask<T> result;
    private readonly ValueTask done;
    private readonly bool hasResult;
    private Action<object?>? continuation;      // interlocked
    private object? state;

    private StayingWait(LoopCore core, ValueTask<T> result, ValueTask done, bool hasResult, bool raw)
    {
        this.core = core;
        this.hasResult = hasResult;
        Context = raw ? null : core.Current;
        if (hasResult)
        {
            this.result = result.Preserve();
            this.result.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(Arrive);
        }
        else
        {
            this.done = done.Preserve();
            this.done.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(Arrive);
        }
    }

    private bool HasEnded => ReferenceEquals(Volatile.Read(ref continuation), Ended);

    /// <summary>Wraps a wait; off the loop, and where nothing has to be waited for, it returns the wait itself.</summary>
    internal static ValueTask<T> Of(LoopCore core, ValueTask<T> wait, bool raw) =>
        wait.IsCompleted || !ReferenceEquals(LoopCore.Running, core) ? wait : new(new StayingWait<T>(core, wait, default, hasResult: true, raw), 0);

    /// <inheritdoc cref="Of"/>
    internal static ValueTask Wait(LoopCore core, ValueTask wait) =>
        wait.IsCompleted || !ReferenceEquals(LoopCore.Running, core) ? wait : new(new StayingWait<T>(core, default, wait, hasResult: false, raw: false), 0);

    internal override void Execute()
    {
        core.ThreadContexts.RestoreFlow(null);
        End();
    }

    internal override void OnRejected(LoopCore closed) => ThreadPool.UnsafeQueueUserWorkItem(static wait => wait.End(), this, preferLocal: false);

    public ValueTaskSourceStatus GetStatus(short token) => !HasEnded ? ValueTaskSourceStatus.Pending
        : (hasResult ? result.IsCompletedSuccessfully : done.IsCompletedSuccessfully) ? ValueTaskSourceStatus.Succeeded
        : (hasResult ? result.IsCanceled : done.IsCanceled) ? ValueTaskSourceStatus.Canceled
        : ValueTaskSourceStatus.Faulted;

    public void OnCompleted(Action<object?> next, object? argument, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        state = argument;
        if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 && SynchronizationContext.Current is LoopContext own)
        {
            Context = own;
        }

        var flow = (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0 ? ExecutionContext.Capture() : null;
        if (flow is not null)
        {
            var plain = next;
            next = captured => ExecutionContext.Run(flow, call => plain(call), captured);
        }

        if (Interlocked.CompareExchange(ref continuation, next, null) is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(next, argument, preferLocal: false);
        }
    }

    T IValueTaskSource<T>.GetResult(short token)
    {
        VerifyEnded();
        return result.GetAwaiter().GetResult();
    }

    void IValueTaskSource.GetResult(short token)
    {
        VerifyEnded();
        done.GetAwaiter().GetResult();
    }

    private void VerifyEnded()
    {
        if (!HasEnded && ReferenceEquals(LoopCore.Running, core))
        {
            throw StayingStream.WouldWait("This wait for a body ends by way of the loop's thread, which .Result would block. Await it");
        }
    }

    private void Arrive() => core.Arrive(this);

    private void End()
    {
        if (Interlocked.Exchange(ref continuation, Ended) is { } next)
        {
            next(state);
        }
    }
}
