using EventLoop.Net;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Testing;

/// <summary>
/// One direction between two <see cref="MemorySocket"/>s: what is on its way, when it arrives, and how it ends. Like a system's poller it reports readiness in
/// steps of its own and never inside a call, so that a seed shuffles these, too. Loop thread only.
/// </summary>
internal sealed class MemoryWire
{
    private readonly LoopCore core;
    private readonly MemoryStreamOptions options;
    private readonly Queue<MemorySegment> segments = new();
    private readonly Queue<long> arrivals = new();        // of which the receiver has yet to be notified
    private readonly Notice arrival;
    private readonly Notice room;
    private int buffered;
    private int reads;
    private bool abandoned;
    private long endsAt = LoopClock.Never;
    private long closesAt = LoopClock.Never;
    private long resetsAt = LoopClock.Never;

    internal MemoryWire(LoopCore core, MemoryStreamOptions options)
    {
        options.Validate();
        if (options.TimeProvider is not null)
        {
            throw new ArgumentException("Connections in memory run on the clock of their loop and take no other.");
        }

        this.core = core;
        this.options = options;
        arrival = new Notice(TellReceiver);
        room = new Notice(() => Sender!.Tell(Readiness.Writable));
    }

    internal MemorySocket? Sender { get; set; }

    internal MemorySocket? Receiver { get; set; }

    /// <summary>Whether bytes leave only when the receiver waits for them.</summary>
    private bool IsLockstep => options.Capacity == 0;

    private long Now => core.Clock.Now;

    internal bool IsReset => resetsAt <= Now;

    /// <summary>Whether the sender has closed, and that is known here: nobody reads on its side any more.</summary>
    internal bool IsClosed => closesAt <= Now;

    private bool IsEnded => endsAt <= Now;

    // ---- The sender

    /// <returns>How many bytes were accepted: zero if the call has to be repeated.</returns>
    internal int Send(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, !IsLockstep ? options.Capacity - buffered : buffered == 0 && Receiver!.IsAwaited ? MostToRead : 0);
        buffered += count;
        if (count > 0 && !abandoned)
        {
            long due = Due();
            segments.Enqueue(new MemorySegment(bytes[..count], due));
            Announce(due);
        }

        return count;
    }

    /// <summary>Half-closes.</summary>
    internal void End()
    {
        if (endsAt == LoopClock.Never)
        {
            Announce(endsAt = Due());
        }
    }

    /// <summary>The sender closes.</summary>
    internal void Close()
    {
        End();
        Announce(closesAt = Due());
    }

    /// <summary>The sender aborts; what has not been read by then is lost.</summary>
    internal void Reset() => Announce(resetsAt = Math.Min(resetsAt, Due()));

    /// <summary>The script breaks the connection, without delay.</summary>
    internal void ResetNow()
    {
        resetsAt = 0;
        Announce(0);
        room.Ready(core);
    }

    // ---- The receiver

    internal int Receive(Span<byte> buffer)
    {
        int most = Math.Min(MostToRead, buffer.Length);
        int taken = 0;
        while (taken < most && HasArrived(out var first))
        {
            int count = Math.Min(most - taken, first.Left);
            first.CopyTo(buffer[taken..], count);
            taken += count;
            if (first.Left == 0)
            {
                segments.Dequeue();
            }
        }

        if (taken == 0)
        {
            return IsEnded ? 0 : StreamDevice.WouldBlock;
        }

        reads++;
        buffered -= taken;
        if (!IsLockstep)
        {
            room.Ready(core);
        }

        return taken;
    }

    internal bool IsReadable => HasArrived(out _) || IsEnded;

    /// <summary>The receiver begins to wait.</summary>
    internal void Await()
    {
        if (IsLockstep)
        {
            room.Ready(core);
        }
    }

    /// <summary>The receiver closes. The sender continues as long as there is room, or until the other wire reports it.</summary>
    internal void Abandon()
    {
        abandoned = true;
        segments.Clear();
    }

    // ---- In between

    private int MostToRead => options.ChunkSizes is { } sizes ? sizes[reads % sizes.Count] : int.MaxValue;

    private bool HasArrived([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out MemorySegment? first) =>
        segments.TryPeek(out first) && first.Arrival <= Now;

    // Without a delay at once, whatever the clock's rounding.
    private long Due() => options.Delay == TimeSpan.Zero ? 0 : core.Clock.DeadlineAfter(options.Delay.Ticks);

    private void Announce(long due)
    {
        if (due == 0)
        {
            arrival.Ready(core);
            return;
        }

        arrivals.Enqueue(due);
        arrival.At(core, arrivals.Peek());
    }

    private void TellReceiver()
    {
        long now = Now;
        while (arrivals.TryPeek(out long due) && due <= now)
        {
            arrivals.Dequeue();
        }

        if (arrivals.TryPeek(out long next))
        {
            arrival.At(core, next);
        }

        Receiver!.Tell(IsClosed || IsReset ? Readiness.Readable | Readiness.Writable | Readiness.HangUp : Readiness.Readable);
    }

    /// <summary>Notifies one side, in a step without a context, as the poller does. It is in one queue at a time.</summary>
    private sealed class Notice(Action tell) : LoopItem
    {
        private bool isReady;

        internal void Ready(LoopCore core)
        {
            if (!isReady)
            {
                core.Timers.Remove(this);
                isReady = true;
                core.Ready.Enqueue(this);
            }
        }

        internal void At(LoopCore core, long due)
        {
            if (!isReady && TimerSlot == 0)
            {
                core.Timers.Add(due, this);
            }
        }

        internal override void OnDue(LoopCore core)
        {
            isReady = true;
            core.Ready.Enqueue(this);
        }

        internal override void Execute()
        {
            isReady = false;
            tell();
        }
    }
}
