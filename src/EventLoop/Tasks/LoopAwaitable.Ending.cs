using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// Ending it: once, and whoever waits or has registered a callback is notified.
public abstract partial class LoopAwaitable
{
    /// <summary>Verifies that the caller is on the loop's thread, and, if it has not ended, that the loop is open.</summary>
    private protected void VerifyMayEnd(string member)
    {
        Core.VerifyAccess($"{member} of a {Kind}");
        if (!IsCompleted && Loop.IsClosed)
        {
            Throw.Closed(Loop.Name);
        }
    }

    internal abstract bool CancelCore(string? reason);

    /// <summary>Called when it has its outcome, before anybody is woken.</summary>
    private protected virtual void OnOutcome() { }

    private protected void Succeed(LoopCore core) => End(core, EndMark.Succeeded);

    /// <summary>Succeeds unless it has ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool TrySucceed(LoopCore core)
    {
        object? before = state;
        if (before is not null && (IsOutcome(before) || before is AwaitableDetails))
        {
            return TrySucceedWithDetails(core);
        }

        state = EndMark.Succeeded;
        if (before is not null)
        {
            Unsafe.As<WaitNode>(before).Wake(core);
        }

        return true;
    }

    private bool TrySucceedWithDetails(LoopCore core)
    {
        if (IsCompleted)
        {
            return false;
        }

        Succeed(core);
        return true;
    }

    private protected void Fail(Failure failure) => End(Core, Rare is { IsAskedFor: true } ? failure : new LostFailure(failure, this));

    /// <summary>Fails with a failure that counts as retrieved.</summary>
    private protected void FailRetrieved(Failure failure) => End(Core, failure);

    /// <param name="cancellation">What awaiting it throws; null: made on demand.</param>
    private protected void EndCanceled(Failure? cancellation) => End(Core, (object?)cancellation ?? EndMark.Canceled);

    private void End(LoopCore core, object how)
    {
        object? before = state;
        if (before is not AwaitableDetails details)
        {
            state = how;
            OnOutcome();
            if (before is not null && Unsafe.As<WaitNode>(before) is { State: WaitState.Parked } waiter)      // else what the outcome has cancelled has left
            {
                waiter.Wake(core);
            }

            return;
        }

        details.Outcome = how;
        details.DoneCallbacks = null;
        OnOutcome();
        details.Waiters.WakeAll(core);
    }

    private protected void AddDoneCallback(Delegate key, Action<LoopAwaitable> call)
    {
        Core.VerifyAccess($"AddDoneCallback of a {Kind}");
        if (Loop.IsClosed)
        {
            Throw.Closed(Loop.Name);
        }

        var callback = new DoneCallback(key, call, Core.ThreadContexts.CaptureFlow());
        Watch(callback);
        Rare?.DoneCallbacks?.Add(callback);
    }

    private protected int RemoveDoneCallback(Delegate key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Core.VerifyAccess($"RemoveDoneCallback of a {Kind}");
        if (!HasWaiters)
        {
            return 0;
        }

        var index = Details.DoneCallbacks ??= new DoneCallbackIndex(Details.Waiters);
        int removed = 0;
        for (var callback = index.Remove(key); callback is not null; callback = callback.Earlier)
        {
            Unwatch(callback);
            removed++;
        }

        return removed;
    }
}
