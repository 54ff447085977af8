using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.AspNetCore.Requests;

/// <summary>
/// Reports the end of a request whose handler had to wait to Kestrel, by a task. Its step is raw, so that Kestrel resumes inside it; if it were completed
/// where a context is current, .NET would push the continuation to the thread pool.
/// </summary>
internal sealed class RequestEnd : LoopItem
{
    private AsyncTaskMethodBuilder told;
    private RequestTask? task;
    private Transport.ServedConnection? connection;
    private CancellationTokenRegistration aborted;

    /// <summary>Whether the client disconnected, which has cancelled the request.</summary>
    internal bool IsAbandoned { get; set; }

    /// <summary>Follows a request that waits. Loop thread.</summary>
    /// <param name="of">The request.</param>
    /// <param name="source">The builder of the task that Kestrel has; the default: none yet.</param>
    /// <param name="on">Null where the connection does not notice a disconnect: HTTP/2 and later.</param>
    internal Task Follow(RequestTask of, AsyncTaskMethodBuilder source, Transport.ServedConnection? on)
    {
        told = source;
        task = of;
        connection = on;
        IsAbandoned = false;
        of.TellEnd(this);
        return told.Task;
    }

    /// <summary>Abandons the request when a token fires.</summary>
    internal void AbandonBy(CancellationToken token) => aborted = token.UnsafeRegister(
        static request => RawStep.OnLoop(((RequestTask)request!).Core, ((RequestTask)request).Abandon), task);

    internal override void Execute()
    {
        bool wasAbandoned = IsAbandoned;
        var (source, ended) = Take();
        Settle(ended, source, wasAbandoned);
    }

    internal override void OnRejected(LoopCore core) => Fail(new TaskCanceledException());

    /// <summary>Its loop is closed, and nothing else will be told. On whichever thread closes the loop.</summary>
    internal void Fail(Exception failure) => Take().Source.SetException(failure);

    /// <summary>The outcome of a request that ended at once, as a task.</summary>
    internal static Task OutcomeOf(RequestTask ended) => ended.FailureOrCancellation() is { } failure ? Task.FromException(failure) : Task.CompletedTask;

    /// <param name="ended">A request that has ended.</param>
    /// <param name="source">What Kestrel awaits.</param>
    /// <param name="wasAbandoned">Whether nobody is left to be notified of its cancellation, which then is no failure of the application.</param>
    internal static void Settle(RequestTask ended, AsyncTaskMethodBuilder source, bool wasAbandoned)
    {
        if (ended.FailureOrCancellation() is { } failure && !(ended.IsCanceled && wasAbandoned))
        {
            source.SetException(failure);
        }
        else
        {
            source.SetResult();
        }
    }

    private (AsyncTaskMethodBuilder Source, RequestTask Ended) Take()
    {
        aborted.Unregister();
        aborted = default;
        if (connection is not null)
        {
            connection.Abandonable = null;
            connection.Raw.StopWatch();
        }

        var taken = (told, task!);
        told = default;
        task = null;
        connection = null;
        return taken;
    }
}
