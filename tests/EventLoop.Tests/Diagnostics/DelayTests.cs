using EventLoop.Diagnostics;
using EventLoop.Testing;

namespace EventLoop.Tests.Diagnostics;

/// <summary>How late a loop comes to what has become ready, as a tool that watches it is told.</summary>
public sealed class DelayTests : LoopTest
{
    private static VirtualClock Time => (VirtualClock)Loop.Current.Options.TimeProvider;

    private static async Coroutine Compute(TimeSpan time, int looks)
    {
        for (int i = 0; i < looks; i++)
        {
            Time.Advance(time);
            Loop.Current.Core.LookSoon();
            await Loop.Yield();
        }
    }

    [Fact]
    public void A_loop_is_as_late_as_what_it_computes_between_two_looks() => RunLoop(async () =>
    {
        using var meters = new DelayMeters();
        meters.Read(Loop.Current).Should().BeNull("nobody has measured yet");
        await Compute(TimeSpan.Zero, 10);
        meters.Read(Loop.Current).Should().BeEquivalentTo(new LoopDelay(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));

        await Compute(TimeSpan.FromMilliseconds(1), 200);
        await Compute(TimeSpan.FromMilliseconds(80), 10);
        await Compute(Seconds(3), 1);
        await Compute(TimeSpan.Zero, 1);
        var delay = meters.Read(Loop.Current)!;
        delay.Median.Should().BeCloseTo(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(0.2));
        delay.Percentile99.Should().BeCloseTo(TimeSpan.FromMilliseconds(80), TimeSpan.FromMilliseconds(16));
        delay.Most.Should().Be(Seconds(3));

        await Compute(TimeSpan.Zero, 10);
        meters.Read(Loop.Current)!.Most.Should().Be(TimeSpan.Zero, "what was read is over");
    });

    [Fact]
    public void A_step_that_runs_counts_as_far_as_it_has_come_and_sleep_is_no_delay() => RunLoop(async () =>
    {
        using var meters = new DelayMeters();
        meters.Read(Loop.Current);
        await Loop.Sleep(Seconds(100));
        await Loop.Sleep(Seconds(100));
        meters.Read(Loop.Current)!.Most.Should().Be(TimeSpan.Zero);

        Time.Advance(Seconds(2));
        meters.Read(Loop.Current)!.Most.Should().Be(Seconds(2));
    });

    [Fact]
    public void What_was_measured_is_part_of_the_JSON_that_the_tool_gets_and_nobody_measures_when_it_has_gone() => RunLoop(async () =>
    {
        var delay = new LoopDelay(TimeSpan.FromMicroseconds(12), TimeSpan.FromMilliseconds(0.4), Seconds(1));
        var json = new MemoryStream();
        SnapshotReader.Write(Loop.Current, new SnapshotOptions(), json, delay);
        LoopSnapshot.ReadJson(new MemoryStream(json.ToArray())).Delay.Should().Be(delay);
        Loop.Current.TakeSnapshot().Delay.Should().BeNull();

        var before = Loop.Current.Core.Heard;
        var meters = new DelayMeters();
        meters.Read(Loop.Current);
        Loop.Current.Core.Heard.Should().NotBe(before);
        meters.Dispose();
        await Loop.Yield();
        Loop.Current.Core.Heard.Should().Be(before);
    });
}
