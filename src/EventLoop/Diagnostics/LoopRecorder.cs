namespace EventLoop.Diagnostics;

/// <summary>A ring buffer of what happened last: steps, wake-ups and their causes, idle times, stalls. 16 bytes for each record.</summary>
public sealed class LoopRecorder
{
    private const int LargestCapacity = 1 << 26;

    private readonly Loop loop;
    private readonly Lock gate = new();      // switches are set on any thread
    private volatile RecorderInstrument? current;      // the program's latest, on or off
    private volatile RecorderInstrument[] attached = [];      // the program's, if it is on, and one for each tool that records
    private volatile bool isOn;      // the program's
    private bool isClosed;

    internal LoopRecorder(Loop loop) => this.loop = loop;

    /// <summary>Whether it records for the program; a tool that records meanwhile changes nothing of it.</summary>
    public bool IsOn => isOn;

    /// <summary>The number of records it can hold; 0 before it was ever started.</summary>
    public int Capacity => current?.Ring.Capacity ?? 0;

    /// <summary>When the running step began, in ticks of loop time; null: unknown.</summary>
    internal long? RunningSince
    {
        get
        {
            foreach (var one in attached)
            {
                if (one is { Detail: RecorderDetail.Times, RunningSince: >= 0 and var since })
                {
                    return since;
                }
            }

            return null;
        }
    }

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

        var next = new RecorderInstrument(loop, new RecordRing(capacity), detail, counts: false);
        lock (gate)
        {
            SwitchTo([next, .. OfTools]);
            current = next;
            isOn = true;
        }
    }

    /// <summary>Stops recording; what it holds remains. Any thread.</summary>
    public void Stop()
    {
        lock (gate)
        {
            SwitchTo(OfTools);
            isOn = false;
        }
    }

    /// <summary>A tool begins to record: with times, and as much as it has asked for, whatever the program records itself. Any thread.</summary>
    /// <param name="capacity">Of its own ring.</param>
    /// <returns>What it reads, and gives back; null: the loop is closed.</returns>
    internal RecorderInstrument? Borrow(int capacity)
    {
        lock (gate)
        {
            if (isClosed)
            {
                return null;
            }

            var own = new RecorderInstrument(loop, new RecordRing(capacity), RecorderDetail.Times, counts: false);
            SwitchTo([.. attached, own]);
            return own;
        }
    }

    /// <summary>A tool has ended. Any thread.</summary>
    internal void Return(RecorderInstrument borrowed)
    {
        lock (gate)
        {
            SwitchTo(Array.FindAll(attached, one => one != borrowed));
        }
    }

    /// <summary>The loop has closed: nobody records any more.</summary>
    internal void Close()
    {
        lock (gate)
        {
            isClosed = true;
            SwitchTo([]);
            isOn = false;
        }
    }

    private RecorderInstrument[] OfTools => isOn ? attached[1..] : attached;

    // Under the gate. The first of them counts for all.
    private void SwitchTo(RecorderInstrument[] next)
    {
        var before = attached;
        attached = next;
        foreach (var one in before)
        {
            if (Array.IndexOf(next, one) < 0)
            {
                one.Leave();
                loop.Core.Instruments.Remove(one);
            }
            else if (loop.Core.IsInLoopThread)
            {
                one.Open();      // the running step is the last that one alone takes whole
            }
        }

        loop.Diagnostics.NoteRecorder(isOn: next.Length > 0);
        for (int i = 0; i < next.Length; i++)
        {
            next[i].Counts = i == 0;
            if (Array.IndexOf(before, next[i]) < 0)
            {
                loop.Core.Instruments.Add(next[i], next[i].Needs, first: true);
            }
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
        if (attached is { Length: > 0 } all)
        {
            loop.Core.VerifyAccess("LoopRecorder.Mark");
            string cut = Scheduling.ResourceNames.Cut(label);
            foreach (var one in all)
            {
                one.Mark(cut);
            }
        }
    }

    /// <summary>Returns what it holds, empty before it was ever started; recording continues meanwhile. Any thread, even while the loop is blocked or
    /// closed.</summary>
    public Recording Capture() => Recording.Of(loop, current, isOn);
}
