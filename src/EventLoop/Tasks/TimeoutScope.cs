using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>What the body of <c>Loop.Timeout</c> gets: its deadline, to look at and to move. asyncio: the object of <c>async with timeout()</c>.</summary>
public sealed class TimeoutScope
{
    internal TimeoutScope(long? deadline) => Scope = new Scope(level: false) { Deadline = deadline };

    /// <summary>In loop time; null: none. asyncio: <c>when()</c>.</summary>
    public TimeSpan? Deadline => Scope.Deadline is { } ticks && ticks != LoopClock.Never ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>The deadline has passed, and the body was interrupted or will be at its next wait.</summary>
    public bool Expired => Scope.Cancelled;

    internal Scope Scope { get; }

    /// <summary>Moves the deadline. One in the past takes effect at the next wait.</summary>
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

    // null and infinite: none; everything else counts from now, and a delay of zero or less is due when what is done was taken.
    internal static long? DeadlineOf(TimeSpan? delay) => delay is not { } time || time == Timeout.InfiniteTimeSpan
        ? null
        : time <= TimeSpan.Zero ? LoopCore.Required.Clock.ReadNow() : LoopCore.Required.Clock.ReadDeadlineAfter(time.Ticks);

    internal static async Coroutine Run(long? deadline, Func<TimeoutScope, Coroutine> body)
    {
        var timeout = new TimeoutScope(deadline);
        timeout.Scope.Enter("Loop.Timeout");
        try
        {
            await body(timeout);
        }
        catch (OperationCanceledException canceled) when (timeout.Scope.Absorbs(canceled))
        {
            throw Expiry(canceled);
        }
        finally
        {
            timeout.Scope.Leave();
        }
    }

    internal static async Coroutine<T> Run<T>(long? deadline, Func<TimeoutScope, Coroutine<T>> body)
    {
        var timeout = new TimeoutScope(deadline);
        timeout.Scope.Enter("Loop.Timeout");
        try
        {
            return await body(timeout);
        }
        catch (OperationCanceledException canceled) when (timeout.Scope.Absorbs(canceled))
        {
            throw Expiry(canceled);
        }
        finally
        {
            timeout.Scope.Leave();
        }
    }

    internal static TimeoutException Expiry(OperationCanceledException canceled) => new("The operation did not finish in time.", canceled);
}
