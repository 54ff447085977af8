using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A callback that is scheduled for a time. asyncio: <c>TimerHandle</c>.</summary>
/// <remarks><inheritdoc cref="Handle" path="/remarks"/></remarks>
public sealed class TimerHandle : Handle
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TimerHandle(CallbackItem item, TimeSpan when)
        : base(item, item.Version) => When = when;

    /// <summary>When it is due, in loop time.</summary>
    public TimeSpan When { get; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TimerHandle For(CallbackItem item, long when) => new(item, TimeSpan.FromTicks(when));
}
