using EventLoop.Coroutines;
using EventLoop.Reporting;

namespace EventLoop.Testing.Running;

/// <summary>Tests as the runs take them.</summary>
[Plumbing]
internal static class Scenario
{
    /// <summary>One without a result as one that has one.</summary>
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
