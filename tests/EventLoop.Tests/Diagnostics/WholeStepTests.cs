using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;
using EventLoop.Testing;

namespace EventLoop.Tests.Diagnostics;

/// <summary>A recorder that alone listens to steps takes each whole; what it records does not depend on that.</summary>
public sealed class WholeStepTests : LoopTest
{
    private sealed class Listener : Instrument;

    private sealed record Outcome(IReadOnlyList<RecordedEvent> Events, TaskActivity? Activity, TaskActivity? Other);

    [Theory]
    [InlineData(RecorderDetail.Order)]
    [InlineData(RecorderDetail.Times)]
    public void A_recorder_alone_records_and_counts_the_same_as_one_beside_another_instrument(RecorderDetail detail)
    {
        var alone = Record(detail, isAlone: true);
        var beside = Record(detail, isAlone: false);
        alone.Events.Should().Equal(beside.Events);
        alone.Activity.Should().NotBeNull().And.Be(beside.Activity);
        alone.Other.Should().NotBeNull().And.Be(beside.Other);
        alone.Events.Select(static one => one.Kind).Distinct().Should().Contain([RecordedEventKind.Step, RecordedEventKind.Wake, RecordedEventKind.Idle,
            RecordedEventKind.TaskCreated, RecordedEventKind.TaskEnded, RecordedEventKind.Mark]);
        if (detail == RecorderDetail.Times)
        {
            alone.Events.Should().Contain(static one => one.Kind == RecordedEventKind.Stall);
        }
    }

    private Outcome Record(RecorderDetail detail, bool isAlone)
    {
        Outcome? outcome = null;
        RunLoop(async () =>
        {
            var loop = Loop.Current;
            if (!isAlone)
            {
                loop.Core.Instruments.Add(new Listener(), Hearing.StepEnds);
            }

            loop.Diagnostics.StallLimit = Seconds(5);
            loop.Diagnostics.Recorder.Start(detail: detail);
            await Loop.Yield();
            await Loop.Yield();
            loop.Core.Instruments.IsInWhole.Should().Be(isAlone);
            LoopTask first = null!, second = null!;
            await Work(loop, (one, other) => (first, second) = (one, other));
            var snapshot = loop.TakeSnapshot();
            outcome = new Outcome(loop.Diagnostics.Recorder.Capture().Events, snapshot.Find(first.Id)!.Activity, snapshot.Find(second.Id)!.Activity);
            loop.Diagnostics.StallLimit = null;
            first.Cancel();
            second.Cancel();
        });
        return outcome!;
    }

    [Fact]
    public void A_step_that_ends_in_a_yield_is_a_step_and_then_a_wake_up_by_itself_and_the_ring_holds_no_more_than_its_capacity() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start(64, RecorderDetail.Order);
        await Yields(10);
        int self = Loop.CurrentTask!.Id;
        var few = recorder.Capture().Events.SkipWhile(static one => one.Kind != RecordedEventKind.Step).ToList();
        few.Should().HaveCountGreaterThan(15);
        for (int i = 0; i < few.Count - 1; i++)
        {
            few[i].Should().Be(few[i] with { Kind = i % 2 == 0 ? RecordedEventKind.Step : RecordedEventKind.Wake, Task = self, Other = i % 2 == 0 ? 0 : self });
        }

        few[^1].Kind.Should().Be(RecordedEventKind.Step, "the step that asks is running");
        await Yields(1000);
        recorder.Capture().Events.Should().HaveCount(64);
    });

    [Fact]
    public void A_running_step_is_part_of_what_another_thread_captures_whether_something_was_recorded_within_it_or_not() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        loop.Diagnostics.Recorder.Start();
        await Yields(3);
        foreach (bool marks in new[] { false, true })
        {
            await Loop.Yield();
            if (marks)
            {
                loop.Diagnostics.Recorder.Mark("within");
            }

            RecordedEvent? last = null;
            TimeSpan? elapsed = null;
            var looking = new Thread(() =>
            {
                last = loop.Diagnostics.Recorder.Capture().Events.Last(static one => one.Kind == RecordedEventKind.Step);
                elapsed = loop.TakeSnapshot().Running?.Elapsed;
            });
            ((VirtualClock)loop.Options.TimeProvider).Advance(Seconds(2));
            looking.Start();
            looking.Join();
            last!.Value.Task.Should().Be(Loop.CurrentTask!.Id);
            last.Value.Duration.Should().Be(Seconds(2));
            elapsed.Should().Be(Seconds(2));
        }
    });

    [Fact]
    public void Who_begins_to_listen_or_ceases_in_the_middle_of_a_step_changes_nothing_about_the_step() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        var recorder = loop.Diagnostics.Recorder;
        recorder.Start(detail: RecorderDetail.Order);
        await Yields(2);
        var other = new Listener();
        loop.Core.Instruments.Add(other, Hearing.StepEnds);
        recorder.Mark("joined");
        await Yields(2);
        loop.Core.Instruments.Remove(other);
        recorder.Mark("left");
        await Yields(2);
        recorder.Start(detail: RecorderDetail.Order);      // anew
        await Yields(2);
        recorder.Mark("again");
        var events = recorder.Capture().Events;
        events.Select(static one => one.Kind).Should().Equal(RecordedEventKind.Wake, RecordedEventKind.Step, RecordedEventKind.Wake, RecordedEventKind.Step,
            RecordedEventKind.Mark);
        await Yields(1);
        recorder.Stop();
        await Yields(1);
        recorder.Capture().Events.Count(static one => one.Kind == RecordedEventKind.Step).Should().Be(3);
    });

    // Steps that yield, wake others, wake nobody, run inside another or long, callbacks, timers, a failure and a cancellation.
    private static async Coroutine Work(Loop loop, Action<LoopTask, LoopTask> keep)
    {
        var clock = (VirtualClock)loop.Options.TimeProvider;
        var bell = new AsyncEvent();
        var gone = loop.CreateFuture();
        var yielding = Loop.CreateTask(
            async () =>
            {
                for (int i = 0; i < 20; i++)
                {
                    clock.Advance(TimeSpan.FromMilliseconds(i));
                    await Loop.Yield();
                }

                await Forever();
            },
            "yielding");
        var listening = Loop.CreateTask(
            async () =>
            {
                while (true)
                {
                    await bell.WaitAsync();
                    bell.Clear();
                    clock.Advance(TimeSpan.FromMilliseconds(2));
                }
            });
        keep(yielding, listening);
        await Loop.Yield();
        for (int i = 0; i < 5; i++)
        {
            bell.Set();
            var eager = Loop.CreateTask(
                async () =>
                {
                    clock.Advance(TimeSpan.FromMilliseconds(3));
                    await Loop.Yield();
                },
                eager: true);
            loop.Diagnostics.Recorder.Mark("here");
            loop.CallSoon(() => clock.Advance(TimeSpan.FromMilliseconds(1)));
            await eager;
            await Loop.CreateTask(async () => clock.Advance(TimeSpan.FromMilliseconds(1)));
        }

        loop.CallLater(TimeSpan.FromMilliseconds(10), () => gone.SetResult());
        await gone;
        await Loop.Sleep(Seconds(1));
        clock.Advance(Seconds(7));
        var cancelled = Loop.CreateTask(Forever);
        await Loop.Yield();
        cancelled.Cancel();
        await Loop.Wait([cancelled]);
    }
}
