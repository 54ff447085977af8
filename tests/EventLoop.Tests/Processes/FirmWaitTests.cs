using EventLoop.Processes;

namespace EventLoop.Tests.Processes;

[RealTime("the end of a run has real time")]
public sealed class FirmWaitTests : LoopTest
{
    [Fact]
    public void A_wait_for_a_process_that_is_lost_does_not_outlast_the_end_of_the_run()
    {
        var ran = () => RunLoop(async () =>
        {
            Loop.Current.Post(static () => throw new LoopExitException(7));
            await new UninterruptibleWait("end of nobody");
        }, Options with { ShutdownTimeout = TimeSpan.FromMilliseconds(20) });
        ran.Should().Throw<LoopExitException>();
    }
}
