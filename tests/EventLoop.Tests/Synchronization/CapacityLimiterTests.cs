namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class CapacityLimiterTests : LoopTest
{
    [Fact]
    public void It_lends_its_tokens_and_takes_them_back() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(2);
        using (await limiter.AcquireAsync())
        {
            limiter.BorrowedTokens.Should().Be(1);
            limiter.AvailableTokens.Should().Be(1);
            limiter.Borrowers.Should().Equal(Loop.CurrentTask!);
        }

        limiter.BorrowedTokens.Should().Be(0);
        limiter.TryAcquire().Should().BeTrue();
        limiter.Release();
        limiter.AvailableTokens.Should().Be(2);
    });

    [Fact]
    public void A_borrower_has_at_most_one_token() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(2);
        using (await limiter.AcquireAsync())
        {
            (await Catch(limiter.AcquireAsync())).Should().BeOfType<InvalidOperationException>();
            FluentActions.Invoking(() => limiter.TryAcquire()).Should().Throw<InvalidOperationException>();
            limiter.BorrowedTokens.Should().Be(1);
        }
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Who_waits_already_cannot_wait_again() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(0);
        LoopTask first = Loop.CreateTask(limiter.AcquireOnBehalfOfAsync("job"));
        await Loop.Yield();

        (await Catch(limiter.AcquireOnBehalfOfAsync("job"))).Should().BeOfType<InvalidOperationException>();
        first.Cancel();
        await Loop.Yield();
        limiter.TotalTokens = 1;
        (await limiter.AcquireOnBehalfOfAsync("job")).Dispose();
    });

    [Fact]
    public void Giving_back_what_was_not_borrowed_throws() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        FluentActions.Invoking(limiter.Release).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => limiter.ReleaseOnBehalfOf("nobody")).Should().Throw<InvalidOperationException>().WithMessage("*nobody*");
        await Loop.Yield();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Raising_the_total_serves_waiters_and_lowering_it_takes_nothing_away() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        Releaser a = await limiter.AcquireOnBehalfOfAsync("a");
        LoopTask<Releaser> b = Loop.CreateTask(limiter.AcquireOnBehalfOfAsync("b"));
        LoopTask<Releaser> c = Loop.CreateTask(limiter.AcquireOnBehalfOfAsync("c"));
        await Loop.Yield();
        limiter.Statistics.WaitingTasks.Should().Equal(b, c);
        b.WaitingOn.Should().Be("capacity limiter (1 of 1 lent)");

        limiter.TotalTokens = 2;
        await b;
        c.IsCompleted.Should().BeFalse();
        limiter.TotalTokens = 1;
        limiter.AvailableTokens.Should().Be(-1);
        a.Dispose();
        await Loop.Yield();
        c.IsCompleted.Should().BeFalse();
        limiter.ReleaseOnBehalfOf("b");
        await c;
        limiter.Borrowers.Should().Equal("c");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Waiters_are_served_in_order_and_nobody_overtakes() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        limiter.TryAcquire(out Releaser releaser).Should().BeTrue();
        LoopTask<Releaser> waiter = Loop.CreateTask(limiter.AcquireAsync());
        await Loop.Yield();

        releaser.Dispose();
        limiter.TryAcquire().Should().BeFalse();
        await waiter;
        limiter.Borrowers.Should().Equal(waiter);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_token_that_was_handed_over_is_delivered_despite_a_cancellation_and_a_cancelled_waiter_swallows_none() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        Releaser mine = await limiter.AcquireAsync();
        LoopTask<Releaser> leaver = Loop.CreateTask(limiter.AcquireAsync());
        LoopTask<Releaser> heir = Loop.CreateTask(limiter.AcquireAsync());
        await Loop.Yield();

        leaver.Cancel();
        mine.Dispose();
        heir.Cancel();

        (await heir).Dispose();
        (await Catch(leaver)).Should().BeOfType<LoopCanceledException>();
        limiter.AvailableTokens.Should().Be(1);
    });

    [Fact]
    public void A_releaser_is_good_once() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        Releaser stale = await limiter.AcquireAsync();
        limiter.Release();
        using (await limiter.AcquireAsync())
        {
            stale.Dispose();
            limiter.BorrowedTokens.Should().Be(1);
        }

        limiter.BorrowedTokens.Should().Be(0);
    });

    [Fact]
    public void A_plain_callback_is_no_borrower() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        Loop.Current.CallSoon(() => limiter.TryAcquire());
        await Yields(2);
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void A_negative_total_throws()
    {
        FluentActions.Invoking(() => new CapacityLimiter(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new CapacityLimiter(1).TotalTokens = -1).Should().Throw<ArgumentOutOfRangeException>();
    }
}
