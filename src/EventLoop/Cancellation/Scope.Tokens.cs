using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

// Its token, and the callbacks for its cancellation: both are notified when it is cancelled, or anything around it up to the next shield.
internal sealed partial class Scope
{
    private CancelTokenSource? source;
    private LinkedList<CancelCallback>? callbacks;

    /// <summary>The token, which fires with everything around it up to the first shield, and with the task.</summary>
    /// <param name="isForOthers">Whether code other than the library's receives it.</param>
    internal CancellationToken GetToken(bool isForOthers)
    {
        if (source is null)
        {
            if (left)
            {
                return new CancellationToken(Cancelled);
            }

            source = new CancelTokenSource();
            if (TokenFired)
            {
                source.Cancel();
            }
        }

        return source.HandOut(isForOthers);
    }

    /// <summary>Whether the token was handed out and has fired.</summary>
    internal bool HasTokenOut => source is { IsHandedOut: true, IsCancellationRequested: true };

    private bool IsListenedTo => source is not null || callbacks is not null;

    /// <summary>Registers a callback to run on the loop, in a step of its own, when the token fires, or soon if it has.</summary>
    internal IDisposable OnCanceled(Action callback)
    {
        var registration = new CancelCallback(callback);
        if (TokenFired && (Core ?? LoopCore.Running) is { } core)
        {
            registration.Start(core);
        }
        else if (!left)
        {
            registration.JoinList(callbacks ??= new());
        }

        return registration;
    }

    private void FireToken()
    {
        StartCallbacks();
        source?.Fire(Core ?? LoopCore.Running);
    }

    // Where no loop runs they wait until the scope is entered.
    private void StartCallbacks()
    {
        if ((Core ?? LoopCore.Running) is { } core && callbacks is { } waiting)
        {
            callbacks = null;
            foreach (var callback in waiting)
            {
                callback.Start(core);
            }
        }
    }

    // What was cancelled around it no longer is: whoever asks for the token again gets a new one.
    private void RenewToken()
    {
        source?.End();
        source = null;
    }

    private void EndTokens()
    {
        callbacks = null;
        RenewToken();
    }
}
