namespace EventLoop.Tests.Structure;

/// <summary>The count of what is asked of a task, from anywhere, as asyncio's cancelling().</summary>
[UnderSeeds(20)]
public sealed class CancelRequestsTests : LoopTest
{
    [Fact]
    public void An_expired_timeout_counts_until_it_is_left() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        await Catch(Loop.Timeout(Seconds(1), async _ =>
        {
            me.CancelRequests.Should().Be(0);
            await Catch(Forever());
            me.CancelRequests.Should().Be(1);
        }));

        me.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_group_that_aborts_counts_until_it_is_left() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(1, new InvalidDataException()));
            await Catch(Forever());
            me.CancelRequests.Should().Be(1);
        }));

        me.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void A_cancelled_scope_counts_and_so_does_one_that_was_cancelled_before_it_was_entered() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        var early = new CancelScope();
        early.Cancel();
        await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            scope.Cancel();
            me.CancelRequests.Should().Be(1);
            await early.RunAsync(async () => me.CancelRequests.Should().Be(2));
            me.CancelRequests.Should().Be(1);
        });

        me.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void Requests_by_Cancel_and_by_scopes_add_up_and_can_all_be_taken_back() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            me.Cancel();
            me.CancelRequests.Should().Be(2);

            me.Uncancel().Should().Be(1);
            me.Uncancel().Should().Be(0);
            me.Uncancel().Should().Be(0);
        });

        me.CancelRequests.Should().Be(0);
        await Yields(2);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_timeout_written_by_hand_tells_its_own_request_from_those_around_it(bool aborted) => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        Exception? thrown = await Catch(TaskGroup.Run(async group =>
        {
            if (aborted)
            {
                Loop.Current.CallLater(Seconds(1), () => group.Cancel());
            }

            await ByHand(Seconds(1));
        }));

        if (aborted)
        {
            thrown.Should().BeNull("the cancellation of the group passed through");
        }
        else
        {
            thrown.Should().BeOfType<AggregateException>().Which.InnerException.Should().BeOfType<TimeoutException>();
        }

        me.CancelRequests.Should().Be(0);

        // As it is written in asyncio: by the count.
        async Coroutine ByHand(TimeSpan time)
        {
            int before = me.CancelRequests;
            TimerHandle timer = Loop.Current.CallLater(time, () => me.Cancel());
            try
            {
                await Forever();
            }
            catch (LoopCanceledException)
            {
                await CancelScope.Run(async _ => await Loop.Sleep(Seconds(1)), shield: true);      // both have come now
                if (me.Uncancel() <= before)
                {
                    throw new TimeoutException();
                }

                throw;
            }
            finally
            {
                timer.Cancel();
            }
        }
    });
}
