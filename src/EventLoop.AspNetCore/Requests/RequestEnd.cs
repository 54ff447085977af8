using EventLoop.Scheduling;

namespace EventLoop.AspNetCore.Requests;

/// <summary>
/// The end of a request whose handler had to wait, told to Kestrel by a task. Its step is raw, so that Kestrel continues inside it; completed where a context
/// is current, .NET would push it to the thread pool.
/// </summary>
internal sealed class RequestEnd : LoopItem
{
    private TaskCompletionSource? told;
    private RequestTask? task;
    private Transport.ServedConnection? connection;
    private CancellationTokenRegistration aborted;

    /// <summary>Whether the client went away, and that has cancelled the request.</summary>
    internal bool IsAbandoned { get; set; }

    /// <summary>Of a request that waits. Loop thread.</summary>
    /// <param name="of">It.</param>
    /// <param name="source">Null: a new one.</param>
    /// <param name="on">Null where a disconnect is not noticed by the connection: HTTP/2 and later.</param>
    internal Task Follow(RequestTask of, TaskCompletionSource? source, Transport.ServedConnection? on)
    {
        told = source ?? new TaskCompletionSource();
        task = of;
        connection = on;
        IsAbandoned = false;
        of.TellEnd(this);
        return told.Task;
    }

    /// <summary>A token that fires abandons the request.</summary>
    internal void AbandonBy(CancellationToken token) => aborted = token.UnsafeRegister(
        static request => RawStep.OnLoop(((RequestTask)request!).Core, ((RequestTask)request).Abandon), task);

    internal override void Execute()
    {
        var (source, ended) = Take();
        Settle(ended, source);
    }

    internal override void OnRejected(LoopCore core) => Take().Source.TrySetCanceled();

    /// <summary>An ended request as a task.</summary>
    internal static Task OutcomeOf(RequestTask ended)
    {
        if (ended.IsCompletedSuccessfully)
        {
            return Task.CompletedTask;
        }

        var source = new TaskCompletionSource();
        Settle(ended, source);
        return source.Task;
    }

    internal static void Settle(RequestTask ended, TaskCompletionSource source)
    {
        if (ended.FailureOrCancellation() is not { } failure || (ended.IsCanceled && ended.IsAbandoned))
        {
            source.TrySetResult();      // nobody is left to be notified of a cancellation, and it is no failure of the application
        }
        else
        {
            source.TrySetException(failure);
        }
    }

    private (TaskCompletionSource Source, RequestTask Ended) Take()
    {
        aborted.Unregister();
        aborted = default;
        if (connection is not null)
        {
            connection.Abandonable = null;
            connection.Raw.StopWatch();
        }

        var taken = (told!, task!);
        told = null;
        task = null;
        connection = null;
        return taken;
    }
}
