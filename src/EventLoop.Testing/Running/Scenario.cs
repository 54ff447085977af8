using EventLoop.Coroutines;
using EventLoop.Reporting;

namespace EventLoop.Testing.Running;

/// <summary>Adapts tests to what runs accept.</summary>
[Plumbing]
internal static class Scenario
{
    /// <summary>Turns a test without a result into one with a result.</summary>
    internal static Func<Coroutine<NoResult>> Valued(Func<Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return async Coroutine<NoResult> () =>
        {
            await body();
            return NoResult.None;
        };
    }
}
