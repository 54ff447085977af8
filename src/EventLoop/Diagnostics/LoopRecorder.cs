namespace EventLoop.Diagnostics;

/// <summary>A ring of what happened last: steps, wake-ups and who caused them, idle times, stalls. 16 bytes a record.</summary>
public sealed class LoopRecorder
{
    private const int LargestCapacity = 1 << 26;

    private readonly Loop loop;
    private readonly Lock gate = new();      // it is switched on any thread
    private volatile RecorderInstrument? current;      // the latest, on or off
    private volatile bool isOn;

    internal LoopRecorder(Loop loop) => this.loop = loop;

    /// <summary>Whether it records.</summary>
    public bool IsOn => isOn;

    /// <summary>In records; 0 before it was ever started.</summary>
    public int Capacity => current?.Ring.Capacity ?? 0;

    internal RecordRing? Ring => current?.Ring;

    /// <summary>When the step began that runs now, in ticks of loop time; null: not known.</summary>
    internal long? RunningSince => isOn && current is { Detail: RecorderDetail.Times, RunningSince: >= 0 and var since } ? since : null;

    /// <summary>Begins anew. Any thread.</summary>
    /// <param name="capacity">Rounded up to a power of two: 65 536 are 1 MiB, and a quarter of a second of a loop at its busiest.</param>
    /// <param name="detail">What it notes of time.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than one, or more than 2^26; or there is no such detail.</exception>
    public void Start(int capacity = 65_536, RecorderDetail detail = RecorderDetail.Times)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, LargestCapacity);
        if (!Enum.IsDefined(detail))
        {
            throw new ArgumentOutOfRangeException(nameof(detail), detail, "There is no such detail.");
        }

        var next = new RecorderInstrument(loop, new RecordRing(capacity), detail);
        lock (gate)
        {
            StopNow();
            current = next;
            isOn = true;
            loop.Diagnostics.StartCounting(detail == RecorderDetail.Times);
            loop.Core.Instruments.Add(next, next.Needs);
        }
    }

    /// <summary>What it holds stays. Any thread.</summary>
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
            loop.Core.Instruments.Remove(current!);
            loop.Diagnostics.StopCounting();
        }
    }

    /// <summary>Notes a moment of the program's own, to be found in a trace; nothing while it is off.
    /// Loop thread. The labels are few: a constant, not an id.</summary>
    /// <param name="label">What it is called.</param>
    /// <exception cref="ArgumentNullException"><paramref name="label"/> is null.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's, while it is on.</exception>
    public void Mark(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        if (isOn && current is { } on)
        {
            loop.Core.VerifyAccess("LoopRecorder.Mark");
            on.Mark(Scheduling.ResourceNames.Cut(label));
        }
    }

    /// <summary>What it holds, empty before it was ever started; it continues to record meanwhile. Any thread, also while the loop
    /// is blocked or closed.</summary>
    public Recording Capture() => Recording.Of(loop, current?.Ring, isOn);
}
