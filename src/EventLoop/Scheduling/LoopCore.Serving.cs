namespace EventLoop.Scheduling;

// What the engine asks of whoever it serves: what it cannot decide by itself.
internal abstract partial class LoopCore
{
    /// <summary>For logs and messages.</summary>
    internal abstract string Name { get; }

    /// <summary>Code that nobody awaits has thrown. Any thread.</summary>
    /// <param name="exception">It may be one that has to end the run.</param>
    /// <param name="item">Of the callback, if it was one that can be taken back.</param>
    /// <param name="version">Which of the callbacks that <paramref name="item"/> stood for.</param>
    /// <param name="createdAt">Where that callback was scheduled, if it was noted.</param>
    internal abstract void OnCallbackFailed(Exception exception, CallbackItem? item = null, int version = 0, string? createdAt = null);

    /// <summary>A continuation has come back to a loop that is closed. Any thread.</summary>
    internal abstract void OnLateContinuation();

    /// <summary>Code of the loop is about to block its thread. Any thread; throws where that is forbidden.</summary>
    internal abstract void OnBlockingWait();

    private protected abstract void OnWrongThread(string member);

    /// <summary>Something was posted, and nothing woke the loop for it.</summary>
    private protected abstract void OnWakeUpLost();

    /// <summary>Somebody's timer on a virtual clock has thrown.</summary>
    private protected abstract void OnTimerFailed(Exception exception);

    /// <summary>Nothing is ready: time to let go of what is not needed any more.</summary>
    /// <param name="isParkingHeard">Whether somebody looks now at what is still to come.</param>
    private protected abstract void OnNothingReady(bool isParkingHeard);

    /// <summary>It is closed, and will run nothing any more.</summary>
    private protected abstract void OnClosed();
}
