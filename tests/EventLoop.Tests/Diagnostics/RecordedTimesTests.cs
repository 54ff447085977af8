using EventLoop.Diagnostics;
using EventLoop.Testing;

namespace EventLoop.Tests.Diagnostics;

/// <summary>How long steps are that are very long, or contain others.</summary>
public sealed class RecordedTimesTests : LoopTest
{
    [Fact]
    public void A_step_that_is_longer_than_a_record_can_tell_lasts_as_long_as_it_did() => RunLoop(async () =>
    {
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start();
        await Loop.CreateTask(async () =>
        {
            await Loop.Yield();
            ((VirtualClock)Loop.Current.Options.TimeProvider).Advance(TimeSpan.FromMinutes(10));
        }, "long");
        var events = recorder.Capture().Events;

        events.Where(static one => one.Kind == RecordedEventKind.Step).Max(static one => one.Duration).Should().Be(TimeSpan.FromMinutes(10));
        events.Single(static one => one.Kind == RecordedEventKind.Stall).Duration.Should().Be(TimeSpan.FromMinutes(10));
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_time_of_an_eager_first_step_is_that_of_its_own_task_and_not_of_the_one_around_it_as_well(bool records) => RunLoop(async () =>
    {
        var loop = Loop.Current;
        var clock = (VirtualClock)loop.Options.TimeProvider;
        using var observing = records ? null : loop.Diagnostics.Observe(new Quiet());
        if (records)
        {
            loop.Diagnostics.Recorder.Start();
        }

        await Yields(2);
        LoopTask child = null!, grandchild = null!;
        var parent = Loop.CreateTask(async () =>
        {
            clock.Advance(Seconds(1));
            child = Loop.CreateTask(async () =>
            {
                clock.Advance(Seconds(10));
                grandchild = Loop.CreateTask(async () =>
                {
                    clock.Advance(Seconds(100));
                    await Loop.Yield();
                });
                await Loop.Yield();
            });
            clock.Advance(Seconds(2));
            await Loop.Yield();
        });
        foreach (var task in new[] { grandchild, child, parent })
        {
            await task;
        }

        loop.ActivityOf(parent)!.Value.RunTime.Should().Be(Seconds(3));
        loop.ActivityOf(child)!.Value.RunTime.Should().Be(Seconds(10));
        loop.ActivityOf(grandchild)!.Value.RunTime.Should().Be(Seconds(100));
    }, Options with { EagerTasks = true });

    private sealed class Quiet : LoopObserver;
}
