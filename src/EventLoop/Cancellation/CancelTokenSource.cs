using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

/// <summary>
/// The source of the token of a scope or a task. Only here are callbacks run that users have registered on such a token: off the loop, on the thread pool,
/// because drivers block in them. The library never waits for them: it asks whether the token has fired.
/// </summary>
/// <remarks>Scopes and tasks decide which token fires when, because they know what is around them: see <see cref="Scope.TokenFired"/>. Loop thread
/// only.</remarks>
internal sealed class CancelTokenSource : CancellationTokenSource
{
    /// <summary>Whether somebody other than the library has the token.</summary>
    internal bool IsHandedOut { get; private set; }

    internal CancellationToken HandOut(bool isForOthers)
    {
        IsHandedOut |= isForOthers;
        return Token;
    }

    /// <summary>Marks the token as fired at once, before any callback runs. Exceptions of callbacks go to the exception handler.</summary>
    /// <param name="core">The loop whose exception handler it is. Null: no loop runs here, the callbacks run inside this call, and the caller gets their
    /// exceptions.</param>
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

    /// <summary>Called when it will not be fired any more. One that has fired is left to the callbacks that have yet to run.</summary>
    internal void End()
    {
        if (!IsCancellationRequested)
        {
            Dispose();
        }
    }

    // Runs on the thread pool.
    private static void OnCalledBack(Task ended, LoopCore core)
    {
        if (ended.Exception is { InnerException: { } failures })
        {
            core.Loop.OnTokenCallbackFailed(failures);
        }

        core.EndCallbacks();
    }
}
