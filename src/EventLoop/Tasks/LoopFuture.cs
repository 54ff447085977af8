using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A result that other code sets by hand, and that tasks await. asyncio: <c>Future</c>.</summary>
/// <remarks><b>Thread:</b> completed on its loop's thread; from other threads by <c>loop.Post(() =&gt; future.SetResult())</c>. Waiters are woken through the
/// ready queue, in order, never inline.</remarks>
public sealed class LoopFuture : LoopAwaitable
{
    private readonly LoopCore core;

    /// <summary>Makes a future of <paramref name="loop"/>, or of the loop that runs on this thread.</summary>
    /// <param name="loop">Null: the running loop.</param>
    /// <exception cref="InvalidOperationException">No loop was given and none runs here.</exception>
    public LoopFuture(Loop? loop = null)
    {
        core = loop?.Core ?? LoopCore.Required;
        if (core.Loop.Debug)
        {
            NoteOrigin();
        }
    }

    /// <summary>Whether it stands for a .NET task, which completes outside the loop.</summary>
    internal bool IsForeign
    {
        get => Rare is { Foreign: true };
        init => Details.Foreign = value;
    }

    internal override LoopCore Core => core;

    internal override string Kind => IsWork ? "work in an executor" : IsForeign ? "a .NET task" : "future";

    /// <summary>Whether that .NET task is work in an executor.</summary>
    internal bool IsWork
    {
        get => Rare is { Work: true };
        init => Details.Work = value;
    }

    internal override string Label => IsWork ? "work in an executor" : IsForeign ? "a .NET task" : ResourceNames.Label("future", this);

    private protected override WaitKind WaitedForAs => IsWork ? WaitKind.Thread : IsForeign ? WaitKind.Foreign : WaitKind.Future;

    /// <summary>Completes it.</summary>
    /// <exception cref="InvalidOperationException">It is completed already, or this is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void SetResult()
    {
        if (!TrySetResult())
        {
            Throw.AlreadyCompleted(Kind);
        }
    }

    /// <summary>Completes it unless it is completed already.</summary>
    /// <returns>False if it was completed already.</returns>
    /// <exception cref="InvalidOperationException">This is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public bool TrySetResult()
    {
        if (!core.IsSurelyHere)
        {
            VerifyMayEnd(nameof(TrySetResult));
        }

        return TrySucceed(core);
    }

    /// <summary>Fails it; an <see cref="OperationCanceledException"/> of the loop cancels it.</summary>
    /// <param name="exception">What awaiting it throws.</param>
    /// <exception cref="InvalidOperationException">It is completed already, or this is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void SetException(Exception exception)
    {
        if (!TrySetException(exception))
        {
            Throw.AlreadyCompleted(Kind);
        }
    }

    /// <summary>Fails it unless it is completed already.</summary>
    /// <param name="exception">What awaiting it throws.</param>
    /// <returns>False if it was completed already.</returns>
    /// <exception cref="InvalidOperationException">This is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public bool TrySetException(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (!core.IsSurelyHere)
        {
            VerifyMayEnd(nameof(TrySetException));
        }

        if (IsCompleted)
        {
            return false;
        }

        var failure = Failure.Of(exception, null);
        if (failure.IsCancellation)
        {
            EndCanceled(failure);
        }
        else
        {
            Fail(failure);
        }

        return true;
    }

    internal override bool CancelCore(string? reason)
    {
        if (IsCompleted)
        {
            return false;
        }

        if (reason is not null)
        {
            Details.CancelReason = reason;
        }

        EndCanceled(null);
        return true;
    }
}
