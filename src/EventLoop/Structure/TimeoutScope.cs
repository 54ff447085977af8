using EventLoop.Cancellation;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>What the body of <c>Loop.Timeout</c> receives, to inspect and move its deadline. asyncio: the object of <c>async with timeout()</c>.</summary>
public sealed class TimeoutScope : INamed
{
    internal TimeoutScope(long? deadline, CancellationToken cancellationToken) =>
        Scope = new Scope(level: false) { Deadline = deadline, OutsideToken = cancellationToken };

    /// <summary>The deadline in loop time; null: none. asyncio: <c>when()</c>.</summary>
    public TimeSpan? Deadline => Scope.Deadline is { } ticks && ticks != LoopClock.Never ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Whether the deadline has passed, and the body was interrupted or will be at its next wait.</summary>
    public bool Expired => Scope is { Cancelled: true, CancelledByToken: false };

    object INamed.Resource => Scope;

    internal Scope Scope { get; }

    /// <summary>Moves the deadline. One in the past takes effect at the next wait; until then it may be moved again.</summary>
    /// <param name="loopTime">On the scale of <see cref="Loop.Time"/>; null: no deadline.</param>
    /// <exception cref="InvalidOperationException">It has expired already, or its body has ended.</exception>
    public void Reschedule(TimeSpan? loopTime)
    {
        if (Scope.Left || Scope.Cancelled)
        {
            throw new InvalidOperationException("This timeout is over: it expired, or its body has ended. Make a new one with Loop.Timeout(...).");
        }

        Scope.Core?.VerifyAccess("TimeoutScope.Reschedule");
        Scope.Deadline = loopTime?.Ticks;
    }

    // null and infinite mean none; everything else counts from now, and a delay of zero or less is due once what has completed was taken.
    internal static long? DeadlineOf(TimeSpan? delay) => delay is not { } time || time == Timeout.InfiniteTimeSpan
        ? null
        : time <= TimeSpan.Zero ? LoopCore.Required.Clock.ReadNow() : LoopCore.Required.Clock.ReadDeadlineAfter(time.Ticks);

    internal static async Coroutine Run(long? deadline, Func<TimeoutScope, Coroutine> body, CancellationToken cancellationToken = default)
    {
        var timeout = new TimeoutScope(deadline, cancellationToken);
        timeout.Scope.Enter("Loop.Timeout");
        try
        {
            await body(timeout);
        }
        catch (Exception exception) when (timeout.Scope.Absorbs(exception))
        {
            throw Expiry(timeout.Scope, exception);
        }
        finally
        {
            timeout.Scope.Leave();
        }
    }

    internal static async Coroutine<T> Run<T>(long? deadline, Func<TimeoutScope, Coroutine<T>> body, CancellationToken cancellationToken = default)
    {
        var timeout = new TimeoutScope(deadline, cancellationToken);
        timeout.Scope.Enter("Loop.Timeout");
        try
        {
            return await body(timeout);
        }
        catch (Exception exception) when (timeout.Scope.Absorbs(exception))
        {
            throw Expiry(timeout.Scope, exception);
        }
        finally
        {
            timeout.Scope.Leave();
        }
    }

    /// <summary>The exception of a scope that absorbed its own cancellation and must not end silently.</summary>
    internal static Exception Expiry(Scope scope, Exception canceled) =>
        scope.CancelledByToken ? new LoopCanceledException(scope.Reason, canceled, scope.OutsideToken) : Expiry(canceled);

    internal static TimeoutException Expiry(Exception canceled) => new("The operation did not finish in time.", canceled);
}
