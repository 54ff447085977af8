namespace EventLoop.Tests.Foreign;

/// <summary>Libraries that report a cancellation by an exception of their own.</summary>
[UnderSeeds(20)]
public sealed class IsCancellationTests : LoopTest
{
    private LoopOptions Taught => Options with { IsCancellation = static exception => exception is CallEnded { WasCanceled: true } };

    [Fact]
    public void A_cancelled_task_that_ends_with_it_is_canceled() => RunLoop(
        async () =>
        {
            LoopTask task = Loop.CreateTask(Call);
            await Loop.Yield();
            task.Cancel("why");

            Exception? thrown = await Catch(task);
            task.IsCanceled.Should().BeTrue();
            thrown.Should().BeOfType<LoopCanceledException>().Which.InnerException.Should().BeOfType<CallEnded>();
        },
        Taught);

    [Fact]
    public void Scopes_timeouts_and_groups_that_were_cancelled_take_it_for_theirs() => RunLoop(
        async () =>
        {
            (await CancelScope.MoveOnAfter(Seconds(1), static async _ => await Call())).Should().BeFalse();
            (await Catch(CancelScope.FailAfter(Seconds(1), static async _ => await Call()))).Should().BeOfType<TimeoutException>();
            (await Catch(Loop.Timeout(Seconds(1), static async _ => await Call()))).Should().BeOfType<TimeoutException>();
            (await Catch(Loop.WaitFor(Call, Seconds(1)))).Should().BeOfType<TimeoutException>();
            await TaskGroup.Run(async group =>
            {
                Loop.Current.CallSoon(() => group.Cancel());
                group.StartSoon(Call);
                await Call();
            });
        },
        Taught);

    [Fact]
    public void Without_a_cancellation_it_is_a_failure() => RunLoop(
        async () =>
        {
            LoopTask task = Loop.CreateTask(static async () => throw new CallEnded(true));
            (await Catch(task)).Should().BeOfType<CallEnded>();
            task.IsFaulted.Should().BeTrue();
            (await Catch(Loop.Timeout(Seconds(1), static async Coroutine (_) => throw new CallEnded(true)))).Should().BeOfType<CallEnded>();
        },
        Taught);

    [Fact]
    public void Another_exception_of_a_cancelled_task_is_a_failure() => RunLoop(
        async () =>
        {
            LoopTask task = Loop.CreateTask(static async () =>
            {
                Loop.CurrentTask!.Cancel();
                throw new CallEnded(false);
            });

            (await Catch(task)).Should().BeOfType<CallEnded>();
        },
        Taught);

    [Fact]
    public void What_it_throws_is_reported_and_counts_as_no() => RunLoop(
        async () =>
        {
            LoopTask task = Loop.CreateTask(Call);
            await Loop.Yield();
            task.Cancel();

            (await Catch(task)).Should().BeOfType<CallEnded>();
            Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<InvalidDataException>();
        },
        Options with { IsCancellation = static _ => throw new InvalidDataException() });

    private static async Coroutine Call()
    {
        var ended = new TaskCompletionSource();
        await using var registration = Loop.CancellationToken.Register(() => ended.SetException(new CallEnded(true)));
        await ended.Task;
    }

    private sealed class CallEnded(bool wasCanceled) : Exception("The call has ended.")
    {
        public bool WasCanceled => wasCanceled;
    }
}
