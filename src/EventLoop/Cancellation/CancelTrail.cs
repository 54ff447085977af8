using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

/// <summary>How a cancellation has spread so far, from its origin. Recorded only while an instrument listens to cancellations. Loop thread only.</summary>
/// <param name="By">Who passed it on, in words.</param>
/// <param name="TaskId">The task behind it; null: none.</param>
/// <param name="Reason">The reason that was given.</param>
/// <param name="At">Loop time, in ticks.</param>
/// <param name="Before">Whoever passed it on to this one; null: here it began.</param>
internal sealed record CancelTrail(string By, int? TaskId, string? Reason, long At, CancelTrail? Before)
{
    private const int Longest = 100;

    private static readonly ConditionalWeakTable<object, CancelTrail> Known = [];

    internal static bool IsHeard(LoopCore core) => (core.Heard & Hearing.Cancellations) != 0;

    /// <summary>How a task, or a scope, was cancelled last.</summary>
    internal static CancelTrail? Of(object cancelled) => Known.TryGetValue(cancelled, out var trail) ? trail : null;

    internal static void Note(object cancelled, CancelTrail trail) => Known.AddOrUpdate(cancelled, trail);

    /// <summary>The trail that is being followed, or one that begins with the running code.</summary>
    internal static CancelTrail Current(LoopCore core, string? reason) => core.Trail as CancelTrail
        ?? (core.CurrentTask is { } task ? new(task.Label, task.Id, reason, core.Clock.Now, null) : new("a callback", null, reason, core.Clock.Now, null));

    /// <summary>Extends the trail by one. A ring of tasks does not make it endless.</summary>
    internal CancelTrail Then(LoopCore core, string by, int? task, string? reason)
    {
        int length = 0;
        for (var link = this; link is not null; link = link.Before)
        {
            length++;
        }

        return length >= Longest ? this : new(by, task, reason, core.Clock.Now, this);
    }

    /// <summary>Whether this extends <paramref name="earlier"/>, so that whoever was notified of that need not be notified again.</summary>
    internal bool Continues(CancelTrail? earlier)
    {
        var link = earlier is null ? null : this;
        while (link is not null && !ReferenceEquals(link, earlier))
        {
            link = link.Before;
        }

        return link is not null;
    }

    /// <summary>Records that what is cancelled until the result is disposed was cancelled in this way; records nothing where nobody listens.</summary>
    internal static Under Begin(LoopCore core, string by, int? task = null, string? reason = null) =>
        new(core, IsHeard(core) ? new CancelTrail(by, task, reason, core.Clock.Now, null) : null);

    internal readonly struct Under : IDisposable
    {
        private readonly LoopCore core;
        private readonly object? outer;

        internal Under(LoopCore core, CancelTrail? trail)
        {
            this.core = core;
            outer = core.Trail;
            if (trail is not null)
            {
                core.Trail = trail;
            }
        }

        public void Dispose() => core.Trail = outer;
    }
}
