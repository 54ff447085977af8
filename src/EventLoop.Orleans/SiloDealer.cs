using EventLoop.Orleans.Grains;
using Orleans.Runtime;

namespace EventLoop.Orleans;

/// <summary>
/// Deals work to the silos: to that with the least under way, measured by its threads and by how quick it has been. Work for threads is dealt only a little
/// ahead of them and otherwise waits here, so that a silo which is slow or stuck holds up no more than that, and the others take the rest. Any thread.
/// </summary>
/// <param name="newDoor">Makes a way to some silo, to the next one each time.</param>
/// <param name="describeNext">Describes some silo, the next one each time.</param>
/// <param name="clock">The time, in ticks.</param>
internal sealed class SiloDealer(Func<IWorkerGrain> newDoor, Func<Task<SiloDescription>> describeNext, Func<long> clock)
{
    /// <summary>For work that waits for no room.</summary>
    internal const int Unbounded = int.MaxValue;

    private const int FirstDoors = 8, MostDoors = 1024;
    private static readonly long LookTicks = TimeSpan.FromSeconds(10).Ticks, AskAgainTicks = TimeSpan.FromSeconds(1).Ticks;

    private readonly Lock gate = new();               // held for a few instructions for each silo; guards the fields below
    private readonly List<SiloShare> silos = [];      // those that take work
    private readonly Dictionary<string, SiloShare> byName = new(StringComparer.Ordinal);
    private readonly List<IWorkerGrain> lost = [];        // doors of which nobody knows where they are
    private readonly LinkedList<Waiter> waiting = new();              // for room
    private readonly LinkedList<Waiter> waitingForSilo = new();       // what needs no room: dealt at once when a silo is known
    private int asking;                               // doors that have not said yet where they are
    private int opened;
    private int turn;
    private long lookAt, askAt;
    private bool isOpen, isLooking;
    private int known;                                // of the silos; read on any thread

    /// <summary>Whether a silo is known, so that work which waits for no room is dealt at once.</summary>
    internal bool KnowsSilos => Volatile.Read(ref known) > 0;

    /// <summary>Deals one or several pieces to a silo.</summary>
    /// <param name="place">Where they run.</param>
    /// <param name="pieces">How many go together.</param>
    /// <param name="forEachWorker">How many may be under way at a silo for each of its threads.</param>
    /// <param name="token">Cancels the wait for room.</param>
    /// <exception cref="Exception">No silo can be reached; also where Orleans makes no way to one.</exception>
    internal ValueTask<SiloDeal> Deal(WorkPlace place, int pieces, int forEachWorker, CancellationToken token)
    {
        Waiter waiter;
        lock (gate)
        {
            LookAround();
            bool needsRoom = place != WorkPlace.Loop && forEachWorker != Unbounded;
            if ((waiting.Count == 0 || !needsRoom) && Choose(place, forEachWorker) is { } silo)
            {
                return new ValueTask<SiloDeal>(Take(silo, place, pieces));
            }

            waiter = new Waiter(place, pieces, forEachWorker);
            (needsRoom ? waiting : waitingForSilo).AddLast(waiter.Node);
        }

        return new ValueTask<SiloDeal>(Wait(waiter, token));
    }

    /// <summary>A piece that was dealt has ended.</summary>
    internal void GiveBack(SiloDeal deal)
    {
        lock (gate)
        {
            deal.Silo.Add(deal.Place, -1);
            Forget(deal.Silo);
            DealWaiting();
        }
    }

    /// <summary>Records how long a piece took there, beside what is usual, which is negative if that is unknown.</summary>
    internal void Took(SiloDeal deal, long ticks, long usual)
    {
        if (usual < 0)
        {
            return;
        }

        lock (gate)
        {
            deal.Silo.Took(ticks, usual, clock());
        }
    }

    /// <summary>A call had no response, or another silo's: this one is dealt nothing until it says that it is there.</summary>
    internal void Suspect(SiloDeal deal)
    {
        lock (gate)
        {
            lost.AddRange(deal.Silo.Doors);
            Remove(deal.Silo);
            AskLost();
        }
    }

    private async Task<SiloDeal> Wait(Waiter waiter, CancellationToken token)
    {
        using var cancelling = token.UnsafeRegister(_ => Withdraw(waiter, token), null);
        return await waiter.Dealt.Task.ConfigureAwait(false);
    }

    private void Withdraw(Waiter waiter, CancellationToken token)
    {
        lock (gate)
        {
            if (waiter.Node.List is not { } list)
            {
                return;
            }

            list.Remove(waiter.Node);
            DealWaiting();      // those behind it may want less room
        }

        waiter.Dealt.TrySetCanceled(token);
    }

    // ---- Choosing. The gate is held.

    private SiloShare? Choose(WorkPlace place, int forEachWorker)
    {
        long now = clock();
        SiloShare? best = null;
        double least = double.MaxValue;
        turn++;
        for (int i = 0; i < silos.Count; i++)
        {
            var silo = silos[(int)((uint)(turn + i) % (uint)silos.Count)];
            bool hasRoom = place == WorkPlace.Loop || forEachWorker == Unbounded || silo.HasRoom(forEachWorker);
            double burden = silo.Burden(place, now);
            if (hasRoom && burden < least)
            {
                (best, least) = (silo, burden);
            }
        }

        return best;
    }

    private static SiloDeal Take(SiloShare silo, WorkPlace place, int pieces)
    {
        silo.Add(place, pieces);
        return new SiloDeal(silo, silo.NextDoor(), place);
    }

    private void DealWaiting()
    {
        DealWaiting(waiting);
        DealWaiting(waitingForSilo);      // whether or not the others have room
    }

    private void DealWaiting(LinkedList<Waiter> those)
    {
        while (those.First is { Value: var first } && Choose(first.Place, first.ForEachWorker) is { } silo)
        {
            those.RemoveFirst();
            first.Dealt.TrySetResult(Take(silo, first.Place, first.Pieces));
        }
    }

    // ---- Knowing where the silos are

    private void LookAround()
    {
        long now = clock();
        if (!isOpen)
        {
            OpenDoors(FirstDoors);
            isOpen = true;      // not before: where none can be made the next call tries again
            lookAt = now + LookTicks;
        }
        else if (lost.Count > 0 && asking == 0 && (silos.Count == 0 || now >= askAt))
        {
            AskLost();
        }
        else if (now >= lookAt && !isLooking && silos.Count > 0)
        {
            isLooking = true;
            _ = LookForNew();
        }
    }

    // Orleans makes no door as long as it knows no silo with workers.
    private void OpenDoors(int number)
    {
        try
        {
            for (int i = 0; i < number; i++)
            {
                lost.Add(newDoor());
                opened++;
            }
        }
        catch (Exception failure)
        {
            if (!isOpen)
            {
                throw new OrleansException("No silo with AddEventLoopWorkers() is known.", failure);
            }

            // There are others, and a look around later on.
        }

        AskLost();
    }

    private void AskLost()
    {
        askAt = clock() + AskAgainTicks;
        foreach (var door in lost)
        {
            asking++;
            _ = Task.Run(() => Ask(door));      // not while the gate is held
        }

        lost.Clear();
    }

    private async Task Ask(IWorkerGrain door)
    {
        List<Waiter> unreached = [];
        Exception? failure = null;
        SiloDescription? there = null;
        try
        {
            there = await door.Describe().ConfigureAwait(false);
        }
        catch (Exception unanswered)
        {
            failure = unanswered;
        }

        lock (gate)
        {
            asking--;
            if (there is not null)
            {
                Place(door, there);
                DealWaiting();
                if (asking == 0 && opened < silos.Count * 4 && opened < MostDoors)
                {
                    OpenDoors(opened);      // there may be more silos than doors
                }
            }
            else
            {
                lost.Add(door);
                if (asking == 0 && silos.Count == 0)
                {
                    unreached.AddRange(waiting);
                    unreached.AddRange(waitingForSilo);
                    waiting.Clear();
                    waitingForSilo.Clear();
                }
            }
        }

        foreach (var waiter in unreached)
        {
            waiter.Dealt.TrySetException(failure!);
        }
    }

    // The gate is held.
    private void Place(IWorkerGrain door, SiloDescription there)
    {
        if (!byName.TryGetValue(there.Name, out var silo))
        {
            byName.Add(there.Name, silo = new SiloShare(there.Name));
        }

        if (silo.Doors.Count == 0)
        {
            silos.Add(silo);
            Volatile.Write(ref known, silos.Count);
        }

        silo.Workers = Math.Max(1, there.Workers);
        silo.Doors.Add(door);
    }

    // The gate is held.
    private void Remove(SiloShare silo)
    {
        silo.Doors.Clear();
        silos.Remove(silo);
        Forget(silo);
        Volatile.Write(ref known, silos.Count);
    }

    // The gate is held. What is still under way counts if the silo comes back.
    private void Forget(SiloShare silo)
    {
        if (silo is { Doors.Count: 0, Computing: 0, OnLoop: 0 })
        {
            byName.Remove(silo.Name);
        }
    }

    private async Task LookForNew()
    {
        SiloDescription? there = null;
        try
        {
            there = await Task.Run(describeNext).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // One that does not answer is none.
        }

        lock (gate)
        {
            isLooking = false;
            lookAt = clock() + LookTicks;
            if (there is not null && !byName.ContainsKey(there.Name))
            {
                // New doors for all: so many that some of them lead there. The old ones are forgotten.
                foreach (var silo in silos)
                {
                    silo.Doors.RemoveRange(0, silo.Doors.Count - 1);
                }

                opened = 0;
                OpenDoors(Math.Min(MostDoors, Math.Max(FirstDoors, (silos.Count + 1) * 4)));
            }
        }
    }

    private sealed class Waiter
    {
        internal Waiter(WorkPlace place, int pieces, int forEachWorker)
        {
            (Place, Pieces, ForEachWorker) = (place, pieces, forEachWorker);
            Node = new LinkedListNode<Waiter>(this);
        }

        internal WorkPlace Place { get; }

        internal int Pieces { get; }

        internal int ForEachWorker { get; }

        internal LinkedListNode<Waiter> Node { get; }

        internal TaskCompletionSource<SiloDeal> Dealt { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
