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
            SiloLoop loop;
            lock (gate)
            {
                loop = Current();
                job.RunsOn = loop;      // before anybody can give it up and look for what it has
            }

            loop.Run(job);
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
            if (current is { HasStubborn: true })
            {
                current.Ask();
            }

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
                PassOn(job);
            }
        }

        lock (gate)
        {
            foreach (var idle in givenUp.FindAll(loop => jobs.All(job => job.RunsOn != loop && job.BegunOn != loop)))
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

    // With the ExecutionContext of its own caller.
    private void PassOn(SiloJob job)
    {
        if (job.Flow is { } flow)
        {
            ExecutionContext.Run(flow, static passed => Pass(((SiloLoops, SiloJob))passed!), (this, job));
        }
        else
        {
            Run(job);
        }

        static void Pass((SiloLoops Loops, SiloJob Job) passed) => passed.Loops.Run(passed.Job);
    }

    private bool IsGivenUp(SiloLoop loop)
    {
        lock (gate)
        {
            return givenUp.Contains(loop);
        }
    }

    // Under the gate.
    private SiloLoop Current()
    {
        ObjectDisposedException.ThrowIf(closed, this);
        return current ??= new SiloLoop(options);
    }
}
