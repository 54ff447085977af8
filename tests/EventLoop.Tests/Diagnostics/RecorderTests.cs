using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

public sealed class RecorderTests : LoopTest
{
    [Fact]
    public void A_recording_tells_steps_wakeups_ends_and_marks_in_their_order() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.IsOn.Should().BeFalse();
        recorder.Capacity.Should().Be(0);
        recorder.Capture().Events.Should().BeEmpty();
        recorder.Mark("nothing while it is off");

        recorder.Start(1000);
        recorder.Capacity.Should().Be(1024);
        var task = Loop.CreateTask(
            async () =>
            {
                recorder.Mark("here");
                await Loop.Sleep(TimeSpan.FromSeconds(2));
            },
            "worker");
        int id = task.Id;
        await task;
        recorder.Stop();
        await Loop.Yield();
        var recording = recorder.Capture();

        var events = recording.Events;
        events.Should().BeInAscendingOrder(static one => one.Time);
        var of = events.Where(one => one.Task == id).Select(static one => one.Kind).ToList();
        of.Should().Equal(
            RecordedEventKind.TaskCreated, RecordedEventKind.Step, RecordedEventKind.Mark, RecordedEventKind.Wake, RecordedEventKind.Step,
                RecordedEventKind.TaskEnded);
        events.Single(static one => one.Kind == RecordedEventKind.Idle).Duration.Should().Be(TimeSpan.FromSeconds(2));
        var mark = events.Single(static one => one.Kind == RecordedEventKind.Mark);
        recording.LabelOf(mark).Should().Be("here");
        recording.NameOf(id).Should().Be("worker");
        events.Single(one => one.Kind == RecordedEventKind.TaskCreated).Other.Should().Be(Loop.CurrentTask!.Id);
        events.Last(static one => one.Kind == RecordedEventKind.Wake).Other.Should().Be(id);
        FluentActions.Invoking(() => recording.NameOf(999)).Should().Throw<KeyNotFoundException>();
        FluentActions.Invoking(() => recording.LabelOf(events[0])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => recorder.Start(0)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => recorder.Start((1 << 26) + 1)).Should().Throw<ArgumentOutOfRangeException>();
    });

    [Theory]
    [InlineData(RecorderDetail.Order)]
    [InlineData(RecorderDetail.Times)]
    public void A_ring_that_has_wrapped_holds_the_latest(RecorderDetail detail) => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start(64, detail);
        for (int i = 0; i < 1000; i++)
        {
            await Loop.CreateTask(async () => await Loop.Yield(), $"t{i}");
        }

        var recording = recorder.Capture();
        recording.Events.Should().HaveCountGreaterThan(60).And.HaveCountLessThanOrEqualTo(64);
        recording.Events.Where(static one =>
            one.Kind == RecordedEventKind.TaskEnded).Select(one => recording.NameOf(one.Task)).Should().Contain("t999").And.NotContain("t1");
    });

    [Fact]
    public void A_recording_is_written_for_Perfetto_and_for_Chrome() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start();
        await Loop.Gather(Enumerable.Range(0, 5).Select(static i => Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromSeconds(i)), $"t{i}\u001b")));
        var recording = recorder.Capture();

        var chrome = new MemoryStream();
        recording.WriteChromeJson(chrome);
        using var document = JsonDocument.Parse(chrome.ToArray());
        document.RootElement.GetProperty("traceEvents").GetArrayLength().Should().BeGreaterThan(10);
        var perfetto = new MemoryStream();
        recording.WritePerfetto(perfetto);

        var trace = PerfettoReader.Read(perfetto.ToArray());
        trace.Tracks.Values.Should().Contain(static name => name.StartsWith("t3", StringComparison.Ordinal));
        trace.Begins.Should().NotBeEmpty();
        trace.Begins.Should().BeEquivalentTo(trace.Ends, "each track has as many ends as begins");
        trace.Times.Should().BeInAscendingOrder();
        trace.FlowsBegun.Should().OnlyHaveUniqueItems().And.BeEquivalentTo(trace.FlowsEnded);
    });

    [Fact]
    public void A_new_task_is_ready_in_a_trace_for_Perfetto_until_its_first_step() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start();
        var tasks = Enumerable.Range(0, 5).Select(static _ => Loop.CreateTask(async () => await Loop.Yield())).ToList();
        Ready().Should().Equal(1, 2, 3, 4, 5);
        foreach (var task in tasks)
        {
            await task;
        }

        Ready().Last().Should().Be(0);

        List<ulong> Ready()
        {
            var perfetto = new MemoryStream();
            recorder.Capture().WritePerfetto(perfetto);
            return PerfettoReader.Read(perfetto.ToArray()).Counts;
        }
    });

    [Fact]
    public void Names_of_tasks_that_have_ended_are_copied_once_and_dropped_with_the_last_record_that_may_mention_them()
    {
        var ring = new RecordRing(8);
        long from = ring.NamesAdded;
        Fill(1, 5);
        Names(ref from).Should().BeEquivalentTo([1, 2, 3, 4, 5]);
        Names(ref from).Should().BeEmpty();
        Fill(6, 7);
        Names(ref from).Should().BeEquivalentTo([6, 7]);
        long all = 0;
        Names(ref all).Should().BeEquivalentTo([1, 2, 3, 4, 5, 6, 7]);
        Fill(8, 1000);
        Names(ref from).Should().BeEquivalentTo(Enumerable.Range(992, 9), "those before are mentioned nowhere any more");
        ring.NamesAdded.Should().Be(from).And.Be(1000);

        void Fill(int first, int last)
        {
            for (int task = first; task <= last; task++)
            {
                ring.Add((byte)RecordedEventKind.TaskEnded, task, task, 0);
                ring.NoteEnd(task, $"task {task}");
            }
        }

        IEnumerable<int> Names(ref long from)
        {
            ring.CopyNames(ref from, out var names, out _);
            names.All(static one => one.Value == $"task {one.Key}").Should().BeTrue();
            return names.Keys;
        }
    }

    [Fact]
    public void Of_the_tasks_that_a_long_recording_has_named_those_that_have_ended_are_forgotten() => RunLoop(async () =>
    {
        var ring = new RecordRing(64);
        var names = new NamesToSend(Loop.Current, ring);
        var stays = Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)), "stays");
        names.Take(out _).Should().Contain(stays.Id, "stays");
        var nobody = Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)));
        int told = 0;
        for (int i = 0; i < 100; i++)
        {
            var some = Enumerable.Range(0, 100).Select(static _ => Loop.CreateTask(async () => await Loop.Yield(), "passes")).ToList();
            told += names.Take(out _).Count;
            foreach (var task in some)
            {
                await task;
                ring.Add((byte)RecordedEventKind.TaskEnded, 0, task.Id, 0);
                ring.NoteEnd(task.Id, "passes");
            }
        }

        told.Should().Be(10_000, "each is told once, and what has no name goes without saying");
        names.Count.Should().BeLessThan(2000);
        names.Take(out _).Should().NotContainKey(stays.Id).And.NotContainKey(nobody.Id);
        stays.Cancel();
        nobody.Cancel();
    });

    [Fact]
    public void What_a_ring_has_overwritten_is_counted_when_it_is_copied_on_and_a_step_that_runs_is_left_for_later()
    {
        var ring = new RecordRing(8);
        ulong[] block = new ulong[12];      // three at a time, each of which could be two
        long next = 0, lost = 0;
        for (int i = 0; i < 3; i++)
        {
            ring.Add((byte)RecordedEventKind.Wake, i, i, 0);
        }

        long step = ring.Add(RecordRing.Running, 3, 3, 0);
        ring.Add((byte)RecordedEventKind.Wake, 4, 4, 0);
        Tasks(ring.CopyTo(block, ref next, ref lost, withRunning: false)).Should().Equal(0, 1, 2);
        Tasks(ring.CopyTo(block, ref next, ref lost, withRunning: false)).Should().BeEmpty("the step runs");
        ring.Complete(step, (byte)RecordedEventKind.Step, 3, 3, 7);
        Tasks(ring.CopyTo(block, ref next, ref lost, withRunning: false)).Should().Equal(3, 4);
        lost.Should().Be(0);
        for (int i = 5; i < 25; i++)
        {
            ring.Add((byte)RecordedEventKind.Wake, i, i, 0);
        }

        Tasks(ring.CopyTo(block, ref next, ref lost, withRunning: false)).Should().Equal(17, 18, 19);
        lost.Should().Be(12);
        ring.Add(RecordRing.Running, 25, 25, 0);
        Tasks(ring.CopyTo(block, ref next, ref lost, withRunning: true)).Should().Equal(20, 21, 22);
        Tasks(ring.CopyTo(block, ref next, ref lost, withRunning: true)).Should().Equal(23, 24, 25);
        (next, lost).Should().Be((26, 12));

        static List<int> Tasks(Span<ulong> words)
        {
            var tasks = new List<int>();
            for (int i = 1; i < words.Length; i += 2)
            {
                tasks.Add((int)(words[i] >> 32));
            }

            return tasks;
        }
    }
}

/// <summary>Enough of protocol buffers to see what is in a trace.</summary>
file sealed class PerfettoReader
{
    internal Dictionary<ulong, string> Tracks { get; } = [];

    internal List<ulong> Begins { get; } = [];

    internal List<ulong> Ends { get; } = [];

    internal List<ulong> Times { get; } = [];

    /// <summary>The values of the only counter.</summary>
    internal List<ulong> Counts { get; } = [];

    internal List<ulong> FlowsBegun { get; } = [];

    internal List<ulong> FlowsEnded { get; } = [];

    internal static PerfettoReader Read(ReadOnlySpan<byte> bytes)
    {
        var trace = new PerfettoReader();
        while (!bytes.IsEmpty)
        {
            Field(ref bytes, out int field, out _, out var packet);
            field.Should().Be(1);
            trace.Packet(packet);
        }

        return trace;
    }

    private void Packet(ReadOnlySpan<byte> packet)
    {
        while (!packet.IsEmpty)
        {
            Field(ref packet, out int field, out ulong number, out var content);
            switch (field)
            {
                case 8:
                    Times.Add(number);
                    break;
                case 11:
                    Event(content);
                    break;
                case 60:
                    ulong id = 0;
                    while (!content.IsEmpty)
                    {
                        Field(ref content, out int inner, out ulong value, out var text);
                        if (inner == 1)
                        {
                            id = value;
                        }
                        else if (inner == 2)
                        {
                            Tracks[id] = System.Text.Encoding.UTF8.GetString(text);
                        }
                    }

                    break;
            }
        }
    }

    private void Event(ReadOnlySpan<byte> content)
    {
        ulong type = 0;
        ulong track = 0;
        while (!content.IsEmpty)
        {
            Field(ref content, out int inner, out ulong value, out _);
            switch (inner)
            {
                case 9:
                    type = value;
                    break;
                case 11:
                    track = value;
                    break;
                case 30:
                    Counts.Add(value);
                    break;
                case 47:
                    FlowsBegun.Add(value);
                    break;
                case 48:
                    FlowsEnded.Add(value);
                    break;
            }
        }

        if (type == 1)
        {
            Begins.Add(track);
        }
        else if (type == 2)
        {
            Ends.Add(track);
        }
    }

    private static void Field(ref ReadOnlySpan<byte> bytes, out int field, out ulong number, out ReadOnlySpan<byte> content)
    {
        ulong key = Varint(ref bytes);
        field = (int)(key >> 3);
        content = default;
        number = 0;
        switch (key & 7)
        {
            case 0:
                number = Varint(ref bytes);
                break;
            case 1:
                number = BitConverter.ToUInt64(bytes);
                bytes = bytes[8..];
                break;
            case 2:
                int length = (int)Varint(ref bytes);
                content = bytes[..length];
                bytes = bytes[length..];
                break;
            default:
                throw new InvalidDataException();
        }
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
