namespace EventLoop.Diagnostics;

/// <summary>A ring buffer of what happened last: steps, wake-ups and their causes, idle times, stalls. 16 bytes for each record.</summary>
public sealed class LoopRecorder
{
    private const int LargestCapacity = 1 << 26;

    private readonly Loop loop;
    private readonly Lock gate = new();      // switches are set on any thread
    private volatile RecorderInstrument? current;      // the program's latest, on or off
    private volatile RecorderInstrument? active;      // what is attached: the program's, or one for tools while it has none that is on
    private volatile bool isOn;      // the program's
    private bool isClosed;
    private int borrowers;      // tools that record
    private int borrowedCapacity;

    internal LoopRecorder(Loop loop) => this.loop = loop;

    /// <summary>Whether it records for the program; a tool that records meanwhile changes nothing of it.</summary>
    public bool IsOn => isOn;

    /// <summary>The number of records it can hold; 0 before it was ever started.</summary>
    public int Capacity => current?.Ring.Capacity ?? 0;

    /// <summary>When the running step began, in ticks of loop time; null: unknown.</summary>
    internal long? RunningSince => active is { Detail: RecorderDetail.Times, RunningSince: >= 0 and var since } ? since : null;

    /// <summary>Starts recording, with an empty ring. Any thread.</summary>
    /// <param name="capacity">Rounded up to a power of two: 65 536 records are 1 MiB, and a quarter of a second of a loop at its busiest.</param>
    /// <param name="detail">Which times it records.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than one, or more than 2^26, or the detail is not defined.</exception>
    public void Start(int capacity = 65_536, RecorderDetail detail = RecorderDetail.Times)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, LargestCapacity);
        if (!Enum.IsDefined(detail))
        {
            throw new ArgumentOutOfRangeException(nameof(detail), detail, "There is no such detail.");
        }

        var next = new RecorderInstrument(loop, new RecordRing(capacity), detail, counts: true);
        lock (gate)
        {
            SwitchTo(next);
            current = next;
            isOn = true;
        }
    }

    /// <summary>Stops recording; what it holds remains. Any thread.</summary>
    public void Stop()
    {
        lock (gate)
        {
            if (isOn)
            {
                isOn = false;
                SwitchTo(borrowers > 0 ? ForTools() : null);
            }
        }
    }

    /// <summary>A tool begins to record: together with the program, or else into a ring of its own. Any thread.</summary>
    /// <param name="capacity">Of a ring for tools.</param>
    /// <returns>What it reads, and then the successors of that; null: the loop is closed.</returns>
    internal RecorderInstrument? Borrow(int capacity)
    {
        lock (gate)
        {
            borrowers++;
            borrowedCapacity = Math.Max(borrowedCapacity, capacity);
            if (active is null && !isClosed)
            {
                SwitchTo(ForTools());
            }

            return active;
        }
    }

    /// <summary>A tool that borrowed it has ended. Any thread.</summary>
    internal void Return()
    {
        lock (gate)
        {
            if (--borrowers > 0)
            {
                return;
            }

            borrowedCapacity = 0;
            if (!isOn)
            {
                SwitchTo(null);
            }

            current?.Successor = null;      // nobody follows it any more
        }
    }

    /// <summary>The loop has closed: nobody records any more.</summary>
    internal void Close()
    {
        lock (gate)
        {
            isClosed = true;
            isOn = false;
            SwitchTo(null);
        }
    }

    private RecorderInstrument ForTools() => new(loop, new RecordRing(borrowedCapacity), RecorderDetail.Times, counts: true);

    private void SwitchTo(RecorderInstrument? next)
    {
        if (active is { } before)
        {
            next?.Ring.NumberLabelsAfter(before.Ring);
            active = null;
            before.Leave();
            loop.Core.Instruments.Remove(before);
            before.Successor = borrowers > 0 ? next : null;
        }

        loop.Diagnostics.NoteRecorder(isOn: next is not null);
        if (next is not null)
        {
            active = next;
            loop.Core.Instruments.Add(next, next.Needs, first: true);
        }
    }

    /// <summary>Marks a moment of the program's own, to be found in a trace; does nothing while neither the program nor a tool records. Loop thread. Use few
    /// labels: a constant, not an ID.</summary>
    /// <param name="label">The name of the mark.</param>
    /// <exception cref="ArgumentNullException"><paramref name="label"/> is null.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's, while somebody records.</exception>
    public void Mark(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        if (active is { } on)
        {
            loop.Core.VerifyAccess("LoopRecorder.Mark");
            on.Mark(Scheduling.ResourceNames.Cut(label));
        }
    }

    /// <summary>Returns what it holds, empty before it was ever started; recording continues meanwhile. Any thread, even while the loop is blocked or
    /// closed.</summary>
    public Recording Capture() => Recording.Of(loop, current, isOn);
}
