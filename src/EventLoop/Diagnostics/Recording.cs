namespace EventLoop.Diagnostics;

/// <summary>The contents of a <see cref="LoopRecorder"/> at one moment.</summary>
public sealed class Recording
{
    private readonly Dictionary<int, string> names;
    private readonly Dictionary<int, string> labels;
    private readonly HashSet<int> mentioned = [];

    internal Recording(string loopName, IReadOnlyList<RecordedEvent> events, Dictionary<int, string> names, Dictionary<int, string> labels)
    {
        LoopName = loopName;
        Events = events;
        this.names = names;
        this.labels = labels;
        foreach (var one in events)
        {
            Mention(one.Task);
            if (one.Kind is RecordedEventKind.Wake or RecordedEventKind.TaskCreated)
            {
                Mention(one.Other);
            }

            To = one.Time + one.Duration > To ? one.Time + one.Duration : To;
        }

        From = events.Count > 0 ? events[0].Time : TimeSpan.Zero;
    }

    internal string LoopName { get; }

    /// <summary>The tasks that it mentions.</summary>
    internal IReadOnlyCollection<int> Tasks => mentioned;

    internal IReadOnlyDictionary<int, string> Labels => labels;

    /// <summary>The loop time of the oldest record.</summary>
    public TimeSpan From { get; }

    /// <summary>The loop time at the end of the latest record.</summary>
    public TimeSpan To { get; }

    /// <summary>The events by time, and in the order of their occurrence where times are equal; a step is placed where it began.</summary>
    public IReadOnlyList<RecordedEvent> Events { get; }

    /// <summary>Returns the name of a task, even if it has ended meanwhile.</summary>
    /// <param name="taskId"><see cref="RecordedEvent.Task"/>.</param>
    /// <exception cref="KeyNotFoundException">No record mentions that task.</exception>
    public string NameOf(int taskId) => mentioned.Contains(taskId)
        ? names.GetValueOrDefault(taskId) ?? $"Task-{taskId}"
        : throw new KeyNotFoundException($"No record mentions a task {taskId}.");

    /// <summary>Returns the label that was passed to <see cref="LoopRecorder.Mark"/>.</summary>
    /// <param name="mark">One of <see cref="Events"/>.</param>
    /// <exception cref="ArgumentException">The event is not a mark.</exception>
    public string LabelOf(RecordedEvent mark) => mark.Kind == RecordedEventKind.Mark && labels.TryGetValue(mark.Other, out string? label)
        ? label
        : throw new ArgumentException("This is no mark of this recording.", nameof(mark));

    /// <summary>Writes a trace for ui.perfetto.dev: a track for each task, arrows for wake-ups, a counter of ready items.</summary>
    /// <param name="to">Receives the bytes.</param>
    public void WritePerfetto(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        new PerfettoTrace(this, to).Write();
    }

    /// <summary>Writes Chrome's older JSON format, for viewers that accept nothing else.</summary>
    /// <param name="to">Receives the bytes.</param>
    public void WriteChromeJson(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        ChromeTrace.Write(this, to);
    }

    private void Mention(int task)
    {
        if (task != 0)
        {
            mentioned.Add(task);
        }
    }

    /// <summary>What a recorder holds. Any thread.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="recorder">Null: it was never started.</param>
    /// <param name="isOn">Whether it still records.</param>
    internal static Recording Of(Loop loop, RecorderInstrument? recorder, bool isOn)
    {
        if (recorder is null)
        {
            return new Recording(loop.Name, [], [], []);
        }

        if (isOn && loop.Core.IsInLoopThread)
        {
            recorder.Open();
        }

        var records = recorder.Ring.Copy(out var names, out var labels, out long next);
        if (recorder.Running(next) is { } running)
        {
            records.Add(running);
        }

        foreach (var task in loop.Core.Tasks.Snapshot())
        {
            names.TryAdd(task.Id, task.Name);
        }

        long now = isOn && loop.IsRunning ? loop.Core.Clock.Now : recorder.Ring.Latest;
        return new Recording(loop.Name, ToEvents(records, now), names, labels);
    }

    /// <param name="records">In the order of the ring.</param>
    /// <param name="now">The end so far of a step that is still running.</param>
    internal static IReadOnlyList<RecordedEvent> ToEvents(List<(byte Kind, long Time, int Task, uint Other)> records, long now)
    {
        var events = new List<RecordedEvent>(records.Count);
        Dictionary<int, int>? longest = null;      // by their task: the places of steps that are longer than a record can tell
        foreach (var (kind, time, task, other) in records)
        {
            var at = TimeSpan.FromTicks(time);
            if (kind == (byte)RecordedEventKind.Step && other == uint.MaxValue)
            {
                (longest ??= [])[task] = events.Count;
            }
            else if (kind == (byte)RecordedEventKind.Stall && longest is not null && longest.Remove(task, out int place) && at > events[place].Time)
            {
                events[place] = events[place] with { Duration = at - events[place].Time };      // it is recorded when its step ends
            }

            events.Add((RecordedEventKind)kind switch
            {
                (RecordedEventKind)RecordRing.Running => new(RecordedEventKind.Step, at, TimeSpan.FromTicks(Math.Max(0, now - time)), task, 0),
                RecordedEventKind.Step => new(RecordedEventKind.Step, at, TimeSpan.FromTicks(other), task, 0),
                RecordedEventKind.Idle => new(RecordedEventKind.Idle, at, TimeSpan.FromTicks(((long)task << 32) | other), 0, 0),
                RecordedEventKind.Stall => Stall(at, task, other),
                _ => new((RecordedEventKind)kind, at, TimeSpan.Zero, task, (int)other),
            });
        }

        // A stall is recorded at its end, and an idle time at its beginning: the order is nearly right, and equal times stay in order.
        return [.. events.OrderBy(static one => one.Time)];
    }

    private static RecordedEvent Stall(TimeSpan end, int task, uint milliseconds)
    {
        var duration = TimeSpan.FromMilliseconds(milliseconds);
        return new(RecordedEventKind.Stall, end > duration ? end - duration : TimeSpan.Zero, duration, task, 0);
    }
}
