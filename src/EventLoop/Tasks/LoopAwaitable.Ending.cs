using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// For those who end it: once, and whoever waits or has left a callback learns of it.
public abstract partial class LoopAwaitable
{
    /// <summary>On its loop's thread; and if it has not ended yet, while somebody would hear of it.</summary>
    private protected void VerifyMayEnd(string member)
    {
        Core.VerifyAccess($"{member} of a {Kind}");
        if (!IsCompleted && Loop.IsClosed)
        {
            Throw.Closed(Loop.Name);
        }
    }

    internal abstract bool CancelCore(string? reason);

    private protected void Succeed(LoopCore core) => End(core, EndMark.Succeeded);

    /// <summary>The same, unless it has ended.</summary>
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

    private protected void Fail(Failure failure) => End(Core, new LostFailure(failure, this));

    /// <param name="cancellation">What awaiting it throws; null: made when somebody asks.</param>
    private protected void EndCanceled(Failure? cancellation) => End(Core, (object?)cancellation ?? EndMark.Canceled);

    private void End(LoopCore core, object how)
    {
        object? before = state;
        if (before is not AwaitableDetails details)
        {
            state = how;
            if (before is not null)
            {
                Unsafe.As<WaitNode>(before).Wake(core);
            }

            return;
        }

        details.Outcome = how;
        details.Waiters.WakeAll(core);
        if (details.DoneCallbacks is not null)
        {
            ScheduleDoneCallbacks(details);
        }
    }

    private void ScheduleDoneCallbacks(AwaitableDetails rare)
    {
        var callbacks = rare.DoneCallbacks!;
        rare.DoneCallbacks = null;
        foreach (var callback in callbacks)
        {
            callback.Schedule(this);
        }
    }

    private protected void AddDoneCallback(Delegate key, Action<LoopAwaitable> call)
    {
        Core.VerifyAccess($"AddDoneCallback of a {Kind}");
        if (Loop.IsClosed)
        {
            Throw.Closed(Loop.Name);
        }

        var callback = new DoneCallback(key, call, Core.Ambience.CaptureFlow());
        if (IsCompleted)
        {
            callback.Schedule(this);
        }
        else
        {
            (Details.DoneCallbacks ??= []).Add(callback);
        }
    }

    private protected int RemoveDoneCallback(Delegate key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Core.VerifyAccess($"RemoveDoneCallback of a {Kind}");
        return Rare?.DoneCallbacks?.RemoveAll(callback => callback.Key.Equals(key)) ?? 0;
    }
}
