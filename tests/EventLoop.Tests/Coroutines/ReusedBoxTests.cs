namespace EventLoop.Tests.Coroutines;

/// <summary>What stands behind an awaitable is pooled: a copy of an old one never meets the next user, however often it was used since.</summary>
public sealed class ReusedBoxTests : LoopTest
{
    private const int MoreThanAllNumbers = 70_000;

    [Fact]
    public void An_old_coroutine_is_refused_after_any_number_of_uses_of_what_it_stood_in() => RunLoop(async () =>
    {
        Coroutine<int> stale = After(1, 1);
        await stale;
        int refused = 0;
        for (int i = 0; i < MoreThanAllNumbers; i++)
        {
            Coroutine<int> live = After(0, i);
            refused += IsRefused(stale) ? 1 : 0;
            (await live).Should().Be(i);
        }

        refused.Should().Be(MoreThanAllNumbers);

        static bool IsRefused(Coroutine<int> coroutine)
        {
            try
            {
                _ = coroutine.GetAwaiter().IsCompleted;
                return false;
            }
            catch (InvalidOperationException)
            {
                return true;
            }
        }
    });

    [Fact]
    public void An_old_get_of_a_queue_is_refused_after_any_number_of_uses() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        queue.TryPut(-1);
        Coroutine<int> stale = queue.GetAsync();
        await stale;
        for (int i = 0; i < MoreThanAllNumbers; i++)
        {
            queue.TryPut(i);
            Coroutine<int> live = queue.GetAsync();
            Action look = () => _ = stale.GetAwaiter().IsCompleted;
            if (i % 1000 == 0)
            {
                look.Should().Throw<InvalidOperationException>();
            }

            (await live).Should().Be(i);
        }
    });

    [Fact]
    public void An_old_item_of_an_enumeration_is_refused_after_any_number_of_items() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        await using IAsyncEnumerator<int> items = queue.GetAsyncEnumerator();
        ValueTask<bool> stale = items.MoveNextAsync();
        queue.TryPut(-1);
        await stale;
        bool met = false;
        for (int i = 0; i < MoreThanAllNumbers; i++)
        {
            ValueTask<bool> live = items.MoveNextAsync();
            try
            {
                _ = stale.IsCompleted;
                met = true;
            }
            catch (InvalidOperationException)
            {
                // As it should be.
            }

            queue.TryPut(i);
            await live;
        }

        met.Should().BeFalse();
    });
}
