using EventLoop.Scheduling;

namespace EventLoop.Tests.Scheduling;

/// <summary>The deadlines of a loop against a sorted list: runs, gaps in runs, the heap, and what moves between them.</summary>
public sealed class TimerQueueTests
{
    private sealed class Item(int number) : LoopItem
    {
        internal int Number => number;

        internal override void Execute()
        {
        }
    }

    private readonly TimerQueue _timers = new();
    private readonly SortedList<(long Due, int Number), Item> _expected = [];
    private int _made;

    [Theory]
    [InlineData(1, 1)]              // one delay: a single run
    [InlineData(3, 1)]
    [InlineData(12, 1)]             // more delays than there are runs
    [InlineData(100_000, 1)]        // any order
    [InlineData(3, 50)]             // many equal deadlines
    [InlineData(1, 1_000_000)]      // all equal
    public void They_come_out_in_order_whatever_was_cancelled_meanwhile(int delays, int granularity)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            long now = 0;
            int most = random.Next(1, 6000);
            for (int step = 0; step < 12_000; step++)
            {
                now += random.Next(4);
                int choice = random.Next(100);
                if (_expected.Count < most && choice < 60)
                {
                    Add((now + (1 + random.Next(delays)) * 1000L) / granularity);
                }
                else if (_expected.Count > 0 && choice < 90)
                {
                    Cancel(random.Next(_expected.Count));
                }
                else if (_expected.Count > 0)
                {
                    TakeFirst();
                }
            }

            while (_expected.Count > 0)
            {
                TakeFirst();
            }

            _timers.Count.Should().Be(0);
        }
    }

    [Theory]
    [InlineData(3_000_000)]            // some minutes for each chunk of a run: merged ones do not fit into one
    [InlineData(100_000_000)]          // hours
    [InlineData(100_000_000_000)]      // years
    public void Those_that_are_far_apart_come_out_in_order_whatever_was_cancelled_meanwhile(long distance)
    {
        var random = new Random(1);
        long now = 0;
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 8_000; i++)
            {
                now += random.NextInt64(distance);
                Add(now + (i % 2) * distance * 10_000);
            }

            while (_expected.Count > 500)
            {
                Cancel(random.Next(_expected.Count));
            }
        }

        while (_expected.Count > 0)
        {
            TakeFirst();
        }

        _timers.Count.Should().Be(0);
    }

    [Fact]
    public void An_item_that_was_taken_out_can_be_put_in_again()
    {
        var item = new Item(0);
        _timers.Add(5, item);
        _timers.Remove(item);
        _timers.Remove(item);
        _timers.Add(7, item);

        _timers.NextDue.Should().Be(7);
        _timers.RemoveFirst().Should().BeSameAs(item);
        _timers.Count.Should().Be(0);
    }

    private void Add(long due)
    {
        var item = new Item(_made++);
        _timers.Add(due, item);
        _expected.Add((due, item.Number), item);
        Check();
    }

    private void Cancel(int index)
    {
        _timers.Remove(_expected.Values[index]);
        _expected.RemoveAt(index);
        Check();
    }

    private void TakeFirst()
    {
        Check();
        _timers.RemoveFirst().Should().BeSameAs(_expected.Values[0]);
        _expected.RemoveAt(0);
    }

    // Not by assertions of the library: there are a million.
    private void Check()
    {
        if (_timers.Count != _expected.Count)
        {
            Assert.Fail($"{_timers.Count} timers instead of {_expected.Count}");
        }

        if (_expected.Count > 0 && (_timers.NextDue != _expected.Keys[0].Due || !ReferenceEquals(_timers.First, _expected.Values[0])))
        {
            Assert.Fail($"{_timers.NextDue} is first instead of {_expected.Keys[0].Due}");
        }
    }
}
