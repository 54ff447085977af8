using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>What an executor knows of one silo: its doors, what is under way there, and how quick it has been. Guarded by the gate of its
/// <see cref="SiloDealer"/>.</summary>
internal sealed class SiloShare(string name)
{
    private const double Slowest = 8;          // one piece says no more than this, and a quarter of it: a hiccup is not slowness yet
    private static readonly long RememberedTicks = TimeSpan.FromSeconds(5).Ticks;
    private static readonly long NoiseTicks = TimeSpan.TicksPerMillisecond / 10;

    private double pace = 1;
    private long pacedAt;
    private uint next;

    internal string Name => name;

    /// <summary>How many threads compute there.</summary>
    internal int Workers { get; set; } = 1;

    /// <summary>The grains by which calls reach it; none: it takes no more work.</summary>
    internal List<IWorkerGrain> Doors { get; } = [];

    /// <summary>Work for its threads that is under way.</summary>
    internal int Computing { get; private set; }

    /// <summary>Asynchronous work that is under way, for which a silo has no bound.</summary>
    internal int OnLoop { get; private set; }

    internal void Add(WorkPlace place, int pieces)
    {
        if (place == WorkPlace.Loop)
        {
            OnLoop += pieces;
        }
        else
        {
            Computing += pieces;
        }
    }

    internal IWorkerGrain NextDoor() => Doors[(int)(next++ % (uint)Doors.Count)];

    /// <summary>Whether it may have another piece, where this many for each of its threads may be under way.</summary>
    internal bool HasRoom(int forEachWorker) => Computing < (long)forEachWorker * Workers;

    /// <summary>The burden of one piece more: less is better.</summary>
    internal double Burden(WorkPlace place, long now) =>
        ((place == WorkPlace.Loop ? OnLoop : Computing) + 1) * (now - pacedAt > RememberedTicks ? 1 : Step(pace)) / Workers;

    /// <summary>Records how long work took there, beside what is usual. What it was is forgotten after some seconds, so that a silo which has recovered is
    /// noticed.</summary>
    internal void Took(long ticks, long usual, long now)
    {
        double ratio = Math.Clamp((double)(ticks + NoiseTicks) / (usual + NoiseTicks), 1 / Slowest, Slowest);
        double before = now - pacedAt > RememberedTicks ? 1 : pace;
        pace = Math.Pow(before, 0.75) * Math.Pow(ratio, 0.25);
        pacedAt = now;
    }

    // In steps of four, so that silos which are about as quick as each other get the same.
    private static double Step(double pace) => Math.Pow(4, Math.Round(Math.Log(pace, 4)));
}
