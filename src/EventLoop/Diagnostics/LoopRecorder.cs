namespace EventLoop.Diagnostics;

/// <summary>A ring buffer of what happened last: steps, wake-ups and their causes, idle times, stalls. 16 bytes for each record.</summary>
public sealed class LoopRecorder
{
    private const int LargestCapacity = 1 << 26;

    private readonly Loop loop;
    private readonly Lock gate = new();      // switches are set on any thread
    private volatile RecorderInstrument? current;      // the latest, on or off
    private volatile bool isOn;

    internal LoopRecorder(Loop loop) => this.loop = loop;

    /// <summary>Whether it records.</summary>
    public bool IsOn => isOn;

    /// <summary>The number of records it can hold; 0 before it was ever started.</summary>
    public int Capacity => current?.Ring.Capacity ?? 0;

    /// <summary>The latest, on or off.</summary>
    internal RecorderInstrument? Instrument => current;

    /// <summary>When the running step began, in ticks of loop time; null: unknown.</summary>
    internal long? RunningSince => isOn && current is { Detail: RecorderDetail.Times, RunningSince: >= 0 and var since } ? since : null;

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
            StopNow();
            current = next;
            isOn = true;
            loop.Diagnostics.NoteRecorder(isOn: true);
            loop.Core.Instruments.Add(next, next.Needs, first: true);
        }
    }

    /// <summary>Stops recording; what it holds remains. Any thread.</summary>
    public void Stop()
    {
        lock (gate)
        {
            StopNow();
        }
    }

    private void StopNow()
    {
        if (isOn)
        {
            isOn = false;
            current!.Leave();
            loop.Core.Instruments.Remove(current!);
            loop.Diagnostics.NoteRecorder(isOn: false);
        }
    }

    /// <summary>Marks a moment of the program's own, to be found in a trace; does nothing while the recorder is off. Loop thread. Use few labels: a constant,
    /// not an ID.</summary>
    /// <param name="label">The name of the mark.</param>
    /// <exception cref="ArgumentNullException"><paramref name="label"/> is null.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's, while the recorder is on.</exception>
    public void Mark(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        if (isOn && current is { } on)
        {
            loop.Core.VerifyAccess("LoopRecorder.Mark");
            on.Mark(Scheduling.ResourceNames.Cut(label));
        }
    }

    /// <summary>Returns what it holds, empty before it was ever started; recording continues meanwhile. Any thread, even while the loop is blocked or
    /// closed.</summary>
    public Recording Capture() => Recording.Of(loop, current, isOn);
}
