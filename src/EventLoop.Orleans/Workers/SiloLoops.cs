using System.Collections.Concurrent;

namespace EventLoop.Orleans.Workers;

/// <summary>The loop of a silo that takes asynchronous work, and those that were given up because work blocks them: another has taken their place, and they
/// keep what they have begun. Any thread.</summary>
internal sealed class SiloLoops(LoopOptions options) : IDisposable
{
    private readonly Lock gate = new();                   // held for a few instructions; guards the fields below
    private readonly List<SiloLoop> givenUp = [];
    private SiloLoop? current;                            // null: there was no work for it yet
    private bool closed;

    /// <summary>Runs a job on the loop; fails it where there is none.</summary>
    internal void Run(SiloJob job)
    {
        try
        {
            Current().Run(job);
        }
        catch (Exception failure)
        {
            job.Fail(failure);      // the silo stops, or no loop can be made
        }
    }

    /// <summary>Gives up the loop if work blocks it, passes on what that one has not begun, and ends those which have nothing left. To be called from time to
    /// time.</summary>
    internal void Look(ConcurrentDictionary<SiloJob, byte> all)
    {
        lock (gate)
        {
            if (current is { IsBlocked: true } blocked && !closed)
            {
                givenUp.Add(blocked);
                current = null;
            }

            if (givenUp.Count == 0)
            {
                return;
            }
        }

        var jobs = all.Keys;
        foreach (var job in jobs)
        {
            if (job is { RunsOn: { } on, Waits: true } && IsGivenUp(on))
            {
                Run(job);
            }
        }

        lock (gate)
        {
            foreach (var idle in givenUp.FindAll(loop => jobs.All(job => job.RunsOn != loop)))
            {
                givenUp.Remove(idle);
                idle.Stop();
            }
        }
    }

    /// <summary>Ends the loops; those that work blocks end when it does, and are not waited for for long.</summary>
    public void Dispose()
    {
        List<SiloLoop> all;
        lock (gate)
        {
            closed = true;
            all = [.. givenUp];
            if (current is not null)
            {
                all.Add(current);
            }
        }

        foreach (var loop in all)
        {
            loop.Stop();
        }

        foreach (var loop in all)
        {
            loop.Dispose();
        }
    }

    private bool IsGivenUp(SiloLoop loop)
    {
        lock (gate)
        {
            return givenUp.Contains(loop);
        }
    }

    private SiloLoop Current()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return current ??= new SiloLoop(options);
        }
    }
}
