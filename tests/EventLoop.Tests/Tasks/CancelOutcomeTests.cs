namespace EventLoop.Tests.Tasks;

/// <summary>Cancelled or failed?</summary>
[UnderSeeds(50)]
public sealed class CancelOutcomeTests : LoopTest
{
    [Fact]
    public void An_unrelated_OperationCanceledException_is_a_failure() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(ThrowAfter(1, new TaskCanceledException("HTTP timeout")));

        (await Catch(task)).Should().BeOfType<TaskCanceledException>();
        task.IsFaulted.Should().BeTrue();
        task.IsCanceled.Should().BeFalse();
    });

    [Fact]
    public void An_OperationCanceledException_with_a_request_outstanding_is_a_cancellation() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            throw new OperationCanceledException();
        });
        await Loop.Yield();
        task.Cancel();
        await Catch(task);

        task.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void A_LoopCanceledException_thrown_by_hand_is_a_cancellation() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(ThrowAfter(1, new LoopCanceledException("by hand")));
        await Catch(task);

        task.IsCanceled.Should().BeTrue();
        task.CancelReason.Should().Be("by hand");
    });

    [Fact]
    public void A_failure_in_the_cleanup_of_a_cancelled_task_is_its_outcome() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        LoopTask task = Loop.CreateTask(async () =>
        {
            await Catch(Forever());
            throw failure;
        });
        await Loop.Yield();
        task.Cancel();

        (await Catch(task)).Should().BeSameAs(failure);
        task.IsFaulted.Should().BeTrue();
    });
}
