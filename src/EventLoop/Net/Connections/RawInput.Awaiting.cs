using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

// The read as its awaiter sees it; any thread.
internal sealed partial class RawInput
{
    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token)
    {
        VerifyVersion(token);
        return !ReferenceEquals(Volatile.Read(ref continuation), Done) ? ValueTaskSourceStatus.Pending
            : failure is null ? ValueTaskSourceStatus.Succeeded
            : failure is OperationCanceledException ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> next, object? argument, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        VerifyVersion(token);
        var flowing = (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0 ? ExecutionContext.Capture() : null;
        var context = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 ? SynchronizationContext.Current : null;
        if (Volatile.Read(ref continuation) is null)
        {
            state = argument;
            flow = flowing;
            captured = context;
            if (Interlocked.CompareExchange(ref continuation, next, null) is null)
            {
                return;
            }
        }

        // It ended before anybody asked, on a thread other than this one.
        CallFromElsewhere(next, argument, flowing, context, owner.ResumesElsewhere);
    }

    private void CallFromElsewhere(Action<object?> next, object? argument, ExecutionContext? flowing, SynchronizationContext? context, bool onPool) =>
        core.Arrive(new RawStep(() => Call(next, argument, flowing, context, onPool), () => Call(next, argument, flowing, context, onPool: true)));

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        VerifyVersion(token);
        if (!ReferenceEquals(Volatile.Read(ref continuation), Done))
        {
            Throw.NotCompleted("operation");
        }

        var (read, thrown) = (result, failure);
        result = default;
        failure = null;
        state = null;
        flow = null;
        captured = null;
        version++;
        return thrown is null ? read : throw thrown;
    }

    private void VerifyVersion(short token)
    {
        if (token != version)
        {
            Throw.ValueTaskAwaitedTwice();
        }
    }
}
