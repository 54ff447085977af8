namespace EventLoop.Tests.Structure;

[UnderSeeds(50)]
public sealed class CancelScopeDeadlineTests : LoopTest
{
    [Fact]
    public void MoveOnAfter_gives_false_at_the_deadline_and_true_before_it() => RunLoop(async () =>
    {
        (await CancelScope.MoveOnAfter(Seconds(1), static async _ => await Loop.Sleep(Seconds(5)))).Should().BeFalse();
        (await CancelScope.MoveOnAfter(Seconds(5), static async _ => await Loop.Sleep(Seconds(1)))).Should().BeTrue();
    }, JumpingTime);

    [Fact]
    public void MoveOnAfter_with_a_value_gives_a_canceled_outcome_at_the_deadline() => RunLoop(async () =>
    {
        Outcome<int> late = await CancelScope.MoveOnAfter(Seconds(1), static async _ =>
        {
            await Loop.Sleep(Seconds(5));
            return 5;
        });
        Outcome<int> inTime = await CancelScope.MoveOnAfter(Seconds(1), static _ => After(1, 5));

        late.IsCanceled.Should().BeTrue();
        inTime.Value.Should().Be(5);
    }, JumpingTime);

    [Fact]
    public void FailAfter_throws_TimeoutException_whose_inner_exception_is_the_cancellation() => RunLoop(async () =>
    {
        Exception? thrown = await Catch(CancelScope.FailAfter(Seconds(1), static async _ => await Forever()));

        thrown.Should().BeOfType<TimeoutException>().Which.InnerException.Should().BeOfType<LoopCanceledException>();
    }, JumpingTime);

    [Fact]
    public void FailAfter_gives_the_value_in_time() => RunLoop(async () =>
        (await CancelScope.FailAfter(Seconds(1), static _ => After(2, 5))).Should().Be(5), JumpingTime);

    [Fact]
    public void A_deadline_is_level_triggered_as_well() => RunLoop(async () =>
    {
        int thrown = 0;
        await CancelScope.MoveOnAfter(Seconds(1), async _ =>
        {
            for (int i = 0; i < 3; i++)
            {
                thrown += await Catch(Forever()) is LoopCanceledException ? 1 : 0;
            }
        });

        thrown.Should().Be(3);
    }, JumpingTime);

    [Fact]
    public void CancelCalled_is_true_after_the_deadline_has_passed() => RunLoop(async () =>
    {
        await CancelScope.Run(async scope =>
        {
            scope.CancelCalled.Should().BeFalse();
            Clock.Advance(Seconds(2));
            scope.CancelCalled.Should().BeTrue();
        }, Seconds(1));
    }, ManualTime);

    [Fact]
    public void The_deadline_is_absolute_loop_time() => RunLoop(async () =>
    {
        Clock.Advance(Seconds(100));
        await CancelScope.Run(async scope => scope.Deadline.Should().Be(Loop.Current.Time + Seconds(1)), Seconds(1));
    }, ManualTime);

    [Fact]
    public void A_deadline_can_be_moved_and_taken_away() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;

        (await CancelScope.MoveOnAfter(Seconds(1), async scope =>
        {
            scope.Deadline = start + Seconds(10);
            await Loop.Sleep(Seconds(5));
            scope.Deadline = null;
            await Loop.Sleep(Seconds(50));
        })).Should().BeTrue();

        (Loop.Current.Time - start).Should().Be(Seconds(55));
    }, JumpingTime);

    [Fact]
    public void A_deadline_moved_into_the_past_takes_effect_at_the_next_wait() => RunLoop(async () =>
    {
        bool ended = await CancelScope.Run(async scope =>
        {
            scope.Deadline = Loop.Current.Time - Seconds(1);
            await Loop.Yield();
            Log.Add("must not get here");
        });

        ended.Should().BeFalse();
        Log.Should().BeEmpty();
    }, ManualTime);

    [Fact]
    public void The_earlier_deadline_of_nested_scopes_wins_and_its_own_scope_absorbs_it() => RunLoop(async () =>
    {
        bool inner = true;
        bool outer = await CancelScope.MoveOnAfter(Seconds(1), async _ =>
        {
            inner = await CancelScope.MoveOnAfter(Seconds(5), static async _ => await Forever());
            Log.Add("must not get here");
        });

        outer.Should().BeFalse();
        inner.Should().BeTrue("it was never assigned");
        Log.Should().BeEmpty();
    }, JumpingTime);

    [Fact]
    public void A_second_run_that_is_refused_does_not_move_the_deadline_of_the_first() => RunLoop(async () =>
    {
        var scope = new CancelScope(Seconds(5));
        await scope.RunAsync(async () =>
        {
            TimeSpan? deadline = scope.Deadline;
            await Loop.Sleep(Seconds(1));

            (await Catch(scope.RunAsync(static () => Yields(1)))).Should().BeOfType<InvalidOperationException>();

            scope.Deadline.Should().Be(deadline);
        });
    }, JumpingTime);

    [Fact]
    public void A_scope_that_ended_in_time_leaves_no_timer_behind() => RunLoop(async () =>
    {
        int timers = Loop.Current.Statistics.TimerCount;
        await CancelScope.MoveOnAfter(Seconds(100), static _ => Yields(2));

        Loop.Current.Statistics.TimerCount.Should().Be(timers);
    }, ManualTime);
}
