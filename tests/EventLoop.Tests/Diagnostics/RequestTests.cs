using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

/// <summary>Streams of tools, asked for from inside the process: a listener is to the source what a tool's session is.</summary>
public sealed class RequestTests : LoopTest
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    [RealTime("requests are answered on threads of their own")]
    public void A_stream_whose_tool_is_silent_after_a_session_ended_is_over_and_one_whose_tool_speaks_goes_on() => RunLoop(async () =>
    {
        string silent = NewId(), speaking = NewId();
        using var first = new Listener();
        using var second = new Listener();
        first.Ask("every", silent, ("patience", "1000"), ("ms", "50"));
        second.Ask("every", speaking, ("patience", "1000"), ("ms", "50"));
        second.Wait(silent, LoopEvent.Beat);
        second.Wait(speaking, LoopEvent.Beat);
        Thread.Sleep(1500);
        second.Has(silent, LoopEvent.End).Should().BeFalse("no session has ended, so nobody need speak");

        using var third = new Listener();
        third.Ask("bunches", NewId());
        third.Leave();
        long began = Environment.TickCount64;
        while (!second.Has(silent, LoopEvent.End) && Environment.TickCount64 - began < Limit.TotalMilliseconds)
        {
            second.Ask("stay", speaking);
            Thread.Sleep(50);
        }

        second.Has(silent, LoopEvent.End).Should().BeTrue();
        second.Has(speaking, LoopEvent.End).Should().BeFalse();
        second.Ask("stop", speaking);
        second.Wait(speaking, LoopEvent.End);
        second.Leave();
        first.Leave();
        await Loop.Yield();
    });

    [Fact]
    [RealTime("requests are answered on threads of their own")]
    public void A_program_starts_and_stops_its_recorder_as_it_likes_while_a_tool_records_and_each_gets_its_own() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        using var tool = new Listener();
        string id = tool.Record();
        recorder.IsOn.Should().BeFalse("the program has not started it");
        recorder.Mark("for the tool");
        recorder.Start(64);
        await Loop.Yield();
        recorder.Mark("for both");
        recorder.Stop();
        await Loop.Yield();
        recorder.Mark("for the tool again");
        LabelsOf(recorder).Should().Equal("for both");
        recorder.Start();
        recorder.Mark("for both again");
        tool.Ask("stop", id);
        tool.Wait(id, LoopEvent.End);

        tool.Marks(id).Should().Equal("for the tool", "for both", "for the tool again", "for both again");
        recorder.IsOn.Should().BeTrue("the end of a tool's recording ends nothing of the program's");
        await Loop.Yield();
        recorder.Mark("for the program");
        LabelsOf(recorder).Should().Equal("for both again", "for the program");
        recorder.Stop();
        tool.Leave();
    });

    [Fact]
    [RealTime("requests are answered on threads of their own")]
    public void A_recorder_that_the_program_stops_and_the_last_tool_leaves_costs_nothing_any_more() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start();
        using var first = new Listener();
        using var second = new Listener();
        string one = first.Record();
        string other = second.Record();
        recorder.Stop();
        first.Ask("stop", one);
        first.Wait(one, LoopEvent.End);
        recorder.Mark("of the second");
        await Loop.Yield();
        Loop.Current.ActivityOf(Loop.CreateTask(async () => await Loop.Yield())).Should().NotBeNull("the second tool still records");
        second.Ask("stop", other);
        second.Wait(other, LoopEvent.End);
        second.Marks(other).Should().Equal("of the second");
        SpinWait.SpinUntil(() => Loop.Current.ActivityOf(Loop.CreateTask(async () => await Loop.Yield())) is null, Limit).Should().BeTrue("nobody records");
        recorder.IsOn.Should().BeFalse();
        recorder.Capture().Events.Should().NotContain(static one => one.Kind == RecordedEventKind.Mark);
        first.Leave();
        second.Leave();
    });

    [Fact]
    [RealTime("requests are answered on threads of their own")]
    public void A_step_that_is_running_when_a_recording_ends_comes_with_the_time_until_which_it_has_lasted() => RunLoop(async () =>
    {
        using var tool = new Listener();
        string id = tool.Record();
        await Loop.Yield();
        var asked = Loop.Current.Time;
        tool.Ask("stop", id);
        tool.Wait(id, LoopEvent.End);      // within one step
        tool.Ends(id).Should().BeGreaterThanOrEqualTo(asked);
        tool.Leave();
    });

    [Fact]
    [RealTime("requests are answered on threads of their own")]
    public void A_tool_records_times_and_as_much_as_it_asks_for_whatever_the_program_records() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start(64, RecorderDetail.Order);
        using var tool = new Listener();
        string id = tool.Record();
        await Loop.Yield();
        Thread.Sleep(50);
        await Yields(1000);
        tool.Ask("stop", id);
        tool.Wait(id, LoopEvent.End);

        tool.Steps(id).Should().HaveCountGreaterThanOrEqualTo(1000, "a ring of 64 would have lost them");
        tool.Steps(id).Max().Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50));
        recorder.Capacity.Should().Be(64);
        recorder.IsOn.Should().BeTrue();
        recorder.Stop();
        tool.Leave();
    });

    [Fact]
    [RealTime("requests are answered on threads of their own")]
    public void Two_tools_record_as_much_as_each_asks_for_and_the_steps_of_a_task_are_counted_once() => RunLoop(async () =>
    {
        using var first = new Listener();
        using var second = new Listener();
        string one = first.Record(), other = second.Record();
        await Loop.Yield();
        var task = Loop.CreateTask(async () => await Yields(100));
        await task;
        Loop.Current.ActivityOf(task)!.Value.Steps.Should().Be(101);
        first.Ask("stop", one);
        first.Wait(one, LoopEvent.End);
        await Loop.Yield();
        await Yields(100);
        second.Ask("stop", other);
        second.Wait(other, LoopEvent.End);

        second.Steps(other).Count.Should().BeGreaterThanOrEqualTo(first.Steps(one).Count + 100);
        first.Leave();
        second.Leave();
    });

    private static IEnumerable<string> LabelsOf(LoopRecorder recorder)
    {
        var recording = recorder.Capture();
        return recording.Events.Where(static one => one.Kind == RecordedEventKind.Mark).Select(recording.LabelOf);
    }

    private static string NewId() => Guid.NewGuid().ToString("N");

    private enum LoopEvent
    {
        Chunk = 1,
        End = 2,
        Beat = 3,
        Names = 100,      // a chunk of them
    }

    private sealed class Listener : EventListener
    {
        private readonly ConcurrentDictionary<(string Id, LoopEvent Event), bool> heard = new();

        private readonly Lock gate = new();      // events come on any thread
        private readonly List<(string Id, uint Label)> marks = [];
        private readonly List<(string Id, TimeSpan Duration)> steps = [];
        private readonly Dictionary<(string Id, uint Number), string> labels = [];
        private readonly Dictionary<string, TimeSpan> ends = [];

        /// <summary>Begins to record the current loop, and waits until it does.</summary>
        internal string Record()
        {
            string id = NewId();
            Ask("record", id, ("loop", Loop.Current.Id.ToString(CultureInfo.InvariantCulture)));
            SpinWait.SpinUntil(() => heard.ContainsKey((id, LoopEvent.Names)), Limit).Should().BeTrue("it records");
            return id;
        }

        /// <summary>The labels of the marks that have come, in their order.</summary>
        internal IEnumerable<string> Marks(string id)
        {
            lock (gate)
            {
                return [.. marks.Where(mark => mark.Id == id).Select(mark => labels[(id, mark.Label)])];
            }
        }

        /// <summary>How long the steps took that have come.</summary>
        internal List<TimeSpan> Steps(string id)
        {
            lock (gate)
            {
                return [.. steps.Where(step => step.Id == id).Select(static step => step.Duration)];
            }
        }

        /// <summary>The loop time until which it has recorded.</summary>
        internal TimeSpan Ends(string id)
        {
            lock (gate)
            {
                return ends[id];
            }
        }

        internal void Ask(string what, string id, params (string Name, string Value)[] more)
        {
            SpinWait.SpinUntil(static () => LoopEventSource.Instance is not null, Limit).Should().BeTrue();
            var arguments = more.ToDictionary(static one => one.Name, static string? (one) => one.Value);
            arguments["do"] = what;
            arguments["id"] = id;
            EnableEvents(LoopEventSource.Instance!, EventLevel.Informational, LoopEventSource.Keywords.Request | LoopEventSource.Keywords.Stream, arguments);
        }

        internal void Leave() => DisableEvents(LoopEventSource.Instance!);

        internal bool Has(string id, LoopEvent one) => heard.ContainsKey((id, one));

        internal void Wait(string id, LoopEvent one) => SpinWait.SpinUntil(() => Has(id, one), Limit).Should().BeTrue($"{one} comes");

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventSource is LoopEventSource && eventData.Payload is [string id, ..])
            {
                if (eventData.Payload is [_, _, _, string kind, byte[] data])
                {
                    Keep(id, kind, data);
                }

                heard[(id, (LoopEvent)eventData.EventId)] = true;
            }
        }

        private void Keep(string id, string kind, byte[] data)
        {
            lock (gate)
            {
                if (kind == "records")
                {
                    var words = MemoryMarshal.Cast<byte, ulong>(data);
                    for (int i = 0; i < words.Length; i += 2)
                    {
                        if ((byte)words[i] == (byte)RecordedEventKind.Mark)
                        {
                            marks.Add((id, (uint)words[i + 1]));
                        }
                        else if ((byte)words[i] == (byte)RecordedEventKind.Step)
                        {
                            steps.Add((id, TimeSpan.FromTicks((uint)words[i + 1])));
                        }
                    }
                }
                else if (kind == "names")
                {
                    using var json = JsonDocument.Parse(data);
                    foreach (var label in json.RootElement.GetProperty("labels").EnumerateObject())
                    {
                        labels[(id, uint.Parse(label.Name, CultureInfo.InvariantCulture))] = label.Value.GetString()!;
                    }

                    ends[id] = json.RootElement.Time("time") ?? default;
                    heard[(id, LoopEvent.Names)] = true;
                }
            }
        }
    }
}
