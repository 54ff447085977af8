using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

/// <summary>
/// The source of the token of a scope or of a task. Here, and nowhere else, callbacks are run that others have registered on such a token: off the loop, on the
/// thread pool, because drivers block in them. Nothing of the library's own waits for that: it asks whether the token has fired.
/// </summary>
/// <remarks>Which token fires when is decided by the scopes and tasks, which know what is around them:
/// see <see cref="Scope.TokenFired"/>. Loop thread only.</remarks>
internal sealed class CancelTokenSource : CancellationTokenSource
{
    /// <summary>Whether somebody other than the library has the token.</summary>
    internal bool IsHandedOut { get; private set; }

    internal CancellationToken HandOut(bool isForOthers)
    {
        IsHandedOut |= isForOthers;
        return Token;
    }

    /// <summary>Says so at once, before any callback is run. What callbacks throw goes to the exception handler.</summary>
    /// <param name="core">Whose handler it is. Null: no loop runs here, the callbacks run inside this call, and the caller gets what they throw.</param>
    internal void Fire(LoopCore? core)
    {
        if (IsCancellationRequested)
        {
            return;
        }

        if (core is null)
        {
            Cancel();
            return;
        }

        var callbacks = CancelAsync();
        if (!callbacks.IsCompletedSuccessfully)
        {
            core.BeginCallbacks();
            callbacks.ContinueWith(
                static (ended, on) => OnCalledBack(ended, (LoopCore)on!),
                core,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    /// <summary>It will not be fired any more. One that has fired is left to the callbacks that are still to run.</summary>
    internal void End()
    {
        if (!IsCancellationRequested)
        {
            Dispose();
        }
    }

    // On the thread pool.
    private static void OnCalledBack(Task ended, LoopCore core)
    {
        if (ended.Exception is { InnerException: { } failures })
        {
            core.Loop.OnTokenCallbackFailed(failures);
        }

        core.EndCallbacks();
    }
}
