namespace EventLoop.Testing.Tests;

public class SequencerTests
{
    [Fact]
    public void Steps_go_on_in_the_order_of_their_positions_under_every_schedule()
    {
        TestLoop.Explore(100, async () =>
        {
            var sequencer = new Sequencer();
            var log = new List<int>();
            async Coroutine Walk(params int[] positions)
            {
                foreach (int position in positions)
                {
                    await sequencer.Step(position);
                    log.Add(position);
                    await Loop.Yield();
                }
            }

            await Loop.Gather(Walk(3, 4), Walk(1, 5, 7), Walk(0, 2, 6));
            log.Should().Equal(0, 1, 2, 3, 4, 5, 6, 7);
            sequencer.Next.Should().Be(8);
        });
    }

    [Fact]
    public void A_position_is_used_once() => TestLoop.Run(async () =>
    {
        var sequencer = new Sequencer();
        await sequencer.Step(0);
        var again = async () => await sequencer.Step(0).AsTask();
        await again.Should().ThrowAsync<InvalidOperationException>().WithMessage("*used already*");
    });

    [Fact]
    public void A_step_that_is_cancelled_breaks_the_sequence_instead_of_hanging_it() => TestLoop.Run(async () =>
    {
        var sequencer = new Sequencer();
        var first = Loop.CreateTask(sequencer.Step(1));
        var second = Loop.CreateTask(sequencer.Step(2));
        await Loop.WaitUntilIdle();
        first.Cancel();
        var outcome = (await Loop.GatherOutcomes(second))[0];
        outcome.Exception.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("Step(1) was cancelled");
    });

    [Fact]
    public void A_gap_in_the_sequence_is_a_deadlock_that_says_so()
    {
        var run = () => TestLoop.Run(async () => await new Sequencer().Step(3));
        run.Should().Throw<LoopDeadlockException>().WithMessage("*step 3 of a sequencer that stands at step 0*");
    }
}
