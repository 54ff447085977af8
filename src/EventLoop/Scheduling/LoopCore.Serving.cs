namespace EventLoop.Scheduling;

// What the engine delegates because it cannot decide by itself.
internal abstract partial class LoopCore
{
    /// <summary>The name in logs and messages.</summary>
    internal abstract string Name { get; }

    /// <summary>Called when code that nobody awaits has thrown. Any thread.</summary>
    /// <param name="exception">May be one that has to end the run.</param>
    /// <param name="item">The callback's item, if it can be cancelled.</param>
    /// <param name="version">Identifies the callback among those that <paramref name="item"/> stood for.</param>
    /// <param name="createdAt">Where that callback was scheduled, if it was recorded.</param>
    internal abstract void OnCallbackFailed(Exception exception, CallbackItem? item = null, int version = 0, string? createdAt = null);

    /// <summary>Called when a continuation has come back to a closed loop. Any thread.</summary>
    internal abstract void OnLateContinuation();

    /// <summary>Called when code of the loop is about to block its thread. Any thread; throws where that is forbidden.</summary>
    internal abstract void OnBlockingWait();

    private protected abstract void OnWrongThread(string member);

    /// <summary>Called when something was posted, and nothing woke the loop for it.</summary>
    private protected abstract void OnWakeUpLost();

    /// <summary>Called when somebody's timer on a virtual clock has thrown.</summary>
    private protected abstract void OnTimerFailed(Exception exception);

    /// <summary>Called when nothing is ready: a moment to release what is not needed any more.</summary>
    /// <param name="isParkingHeard">Whether an instrument now checks what is still to come.</param>
    private protected abstract void OnNothingReady(bool isParkingHeard);

    /// <summary>Called when the loop is closed, and will run nothing any more.</summary>
    private protected abstract void OnClosed();
}
