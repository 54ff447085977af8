namespace EventLoop.Tests.Coroutines;

/// <summary>A sleep has no object of its own that a second await could be told by.</summary>
public sealed class RepeatedSleepTests : LoopTest
{
    [Fact]
    public void Each_await_of_one_sleep_sleeps_anew() => RunLoop(async () =>
    {
        var sleep = Loop.Sleep(Seconds(1));
        double begun = Loop.Current.Time.TotalSeconds;
        await sleep;
        await sleep;
        (Loop.Current.Time.TotalSeconds - begun).Should().BeApproximately(2, 0.01);
    });

    [Fact]
    public void Debug_mode_refuses_a_second_await_of_a_sleep() => RunLoop(async () =>
    {
        var sleep = Loop.Sleep(Seconds(1));
        await sleep;
        (await Catch(sleep)).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("once");
    }, DebugOptions);
}
