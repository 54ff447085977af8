using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Tests.Scheduling;

[RealTime("the loop sleeps in the system")]
public sealed class LostWakeUpTests : LoopTest
{
    private protected override bool LosesWakeUps => true;

    [Theory]
    [InlineData(null)]
    [InlineData(3600)]
    public void A_post_whose_wake_up_was_lost_is_found_and_reported_and_the_next_one_wakes_the_loop(int? timer) => RunLoop(async () =>
    {
        var core = Loop.Current.Core;
        core.LongestSleep = TimeSpan.FromMilliseconds(50).Ticks;
        if (timer is { } seconds)
        {
            Loop.Current.CallLater(TimeSpan.FromSeconds(seconds), static () => { });
        }

        await PostWithoutWakeUp(core);
        Reported.Should().ContainSingle().Which.Message.Should().Contain("did not wake it");

        core.LongestSleep = TimeSpan.FromHours(1).Ticks;
        var again = new LoopFuture();
        new Thread(() =>
        {
            SpinWait.SpinUntil(() => core.IsAsleep);
            core.Loop.Post(() => again.TrySetResult());
        }) { IsBackground = true }.Start();
        await again;
        Reported.Should().ContainSingle();
    });

    [Fact]
    public void A_loop_that_nobody_wakes_looks_around_and_reports_nothing() => RunLoop(async () =>
    {
        var core = Loop.Current.Core;
        core.LongestSleep = TimeSpan.FromMilliseconds(5).Ticks;
        long polls = core.Polls;
        await Loop.Sleep(TimeSpan.FromMilliseconds(100));
        core.Polls.Should().BeGreaterThan(polls);
        Reported.Should().BeEmpty();
    });

    [Fact]
    public void Any_other_test_whose_loop_misses_one_fails()
    {
        var other = new OtherTest();
        other.Miss();
        other.Invoking(static test => test.Dispose()).Should().Throw<Exception>().WithMessage("*no wake-up may be lost*");
    }

    private static LoopFuture PostWithoutWakeUp(LoopCore core)
    {
        var posted = new LoopFuture();
        new Thread(() =>
        {
            SpinWait.SpinUntil(() => core.IsParked);
            Sleeping(core) = 0;                              // as if somebody had written it, and it had gone nowhere
            SpinWait.SpinUntil(() => core.IsAsleep);         // it may have stood just before its last look around
            core.Loop.Post(() => posted.TrySetResult());
        }) { IsBackground = true }.Start();
        return posted;
    }

    [RealTime("the loop sleeps in the system")]
    private sealed class OtherTest : LoopTest
    {
        internal void Miss() => RunLoop(async () =>
        {
            Loop.Current.Core.LongestSleep = TimeSpan.FromMilliseconds(50).Ticks;
            await PostWithoutWakeUp(Loop.Current.Core);
        });
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "sleeping")]
    private static extern ref int Sleeping(LoopCore core);
}
