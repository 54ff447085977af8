using System.Runtime.CompilerServices;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>
/// The successive uses of a pooled operation, and the rule that all pooled objects keep: a caller in error gets an exception that says what to do instead, and
/// nobody else is affected.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>Each use has a number, which is the token of the awaitable. A number is never reused for the same object: here it has 64 bits; objects with room for
/// only 16 (<see cref="CoroutineBox"/>, the sources of ValueTasks) are no longer pooled after their last number.</item>
/// <item>A use is made, started, possibly waits, and ends: each once, in this order, on one loop. A call out of order is refused before anything is
/// changed.</item>
/// <item>An outcome is returned when there is one, and once. Until then the object stays with its waiter and with whatever it is registered with.</item>
/// <item>It returns to its pool where its outcome is taken, and nowhere else: so not twice, and not while anybody can still wake it.</item>
/// <item>What one loop has made and another starts is claimed under a lock (<see cref="OtherLoopClaim"/>); everything else needs none.</item>
/// <item>What foreign code can call (<see cref="ForeignWait"/>) acts on the first call only, and is pooled only where that code is known to call once.</item>
/// </list>
/// Loop thread only; before the start, the thread that made it.
/// </remarks>
[StackTraceHidden]
internal struct PooledUse
{
    // The stages, in the lowest bits of the number. Each step stores what it computes from its token instead of incrementing what it reads, so that none waits
    // for the store before it.
    private const long Stages = 4;
    private const long Made = 1;
    private const long Ended = 2;       // started, and has its outcome
    private const long Waiting = 3;     // started, and will have its outcome when its waiter is woken

    private long number;

    internal readonly long Token => number;

    internal readonly bool IsFree => (number & (Stages - 1)) == 0;

    /// <summary>The node that waits, or has waited.</summary>
    internal WaitNode? Waiter { readonly get; private set; }

    /// <summary>Makes the next use.</summary>
    internal void Make() => number += Made;

    /// <inheritdoc cref="Make"/>
    /// <returns>False: there is one already.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryMake(out long token)
    {
        long free = number;
        token = free + Made;
        if ((free & (Stages - 1)) != 0)
        {
            return false;
        }

        number = token;
        return true;
    }

    /// <summary>Starts the use; it counts as ended until it is known to have to wait.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Start(long token)
    {
        if (number != token)
        {
            Throw.AwaitedTwice();
        }

        number = token + (Ended - Made);
    }

    internal readonly void VerifyNotStarted(long token)
    {
        if (number != token)
        {
            Throw.AwaitedTwice();
        }
    }

    /// <summary>Notes that it was started and has no outcome yet.</summary>
    /// <returns>False, as the result of the <see cref="ICoroutineSource.Start"/> that called this.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool MustWait(long token)
    {
        number = token + (Waiting - Made);
        return false;
    }

    /// <summary>Notes that its outcome is there after all, before anybody waited.</summary>
    internal void NeedNotWait(long token) => number = token + (Ended - Made);

    /// <summary>True: <paramref name="awaiting"/> is its waiter now and has to be parked. False: it has ended, and the node is in the ready queue.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryWait(LoopCore core, long token, WaitNode awaiting)
    {
        if (number == token + (Waiting - Made) && Waiter is null)
        {
            Waiter = awaiting;
            return true;
        }

        PassOn(core, token, awaiting);
        return false;
    }

    private readonly void PassOn(LoopCore core, long token, WaitNode awaiting)
    {
        if (number == token)
        {
            Throw.NotStarted();
        }

        if (number != token + (Ended - Made))
        {
            Throw.AwaitedTwice();
        }

        if (!core.TryParkDeferred(awaiting))
        {
            awaiting.Defer(core, null);      // awaited by hand, without a call of IsCompleted
        }
    }

    /// <summary>Ends the use, for whoever takes its outcome now. The object is free for the next one.</summary>
    /// <param name="token">The number of the use.</param>
    /// <param name="target">The operation itself, as what its waiter waits for.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void End(long token, IWaitTarget target)
    {
        if (number != token + (Ended - Made))
        {
            if (number != token + (Waiting - Made) || Waiter is not { State: not WaitState.Parked })
            {
                VerifyWoken(token, target);
            }

            Waiter = null;
        }

        number = token + (Stages - Made);
    }

    private readonly void VerifyWoken(long token, IWaitTarget target)
    {
        if (number == token + (Waiting - Made) ? Waiter is null || ReferenceEquals(Waiter.Target, target) : number == token)
        {
            Throw.NotCompleted("operation");
        }

        if (number != token + (Waiting - Made))
        {
            Throw.AwaitedTwice();
        }
    }

    /// <summary>Whether somebody waits in this use.</summary>
    internal readonly bool IsWaitedFor(long token, IWaitTarget target) =>
        number == token + (Waiting - Made) && Waiter is { } node && ReferenceEquals(node.Target, target);
}
