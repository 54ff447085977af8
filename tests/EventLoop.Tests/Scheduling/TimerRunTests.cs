using EventLoop.Scheduling;

namespace EventLoop.Tests.Scheduling;

/// <summary>A run whose positions end: it gives its items new ones.</summary>
public sealed class TimerRunTests
{
    private const int Number = 3;
    private const int Left = 2 * TimerRun.ChunkSize;      // positions

    private sealed class Item(int due) : LoopItem
    {
        internal int Due => due;

        internal override void Execute()
        {
        }
    }

    private readonly TimerRun _run = new(Number, TimerRun.EndOfPositions - Left);
    private readonly List<Item> _expected = [];
    private readonly Random _random = new(1);

    [Fact]
    public void The_item_after_the_last_position_comes_behind_the_others_without_their_gaps()
    {
        while (_expected.Count < Left)
        {
            Add(_expected.Count);
        }

        Position(_expected[^1]).Should().Be(TimerRun.EndOfPositions - 1);
        for (int i = 0; i < Left / 3; i++)
        {
            Remove(1 + _random.Next(_expected.Count - 2));      // neither end, and too few for the gaps alone to renumber it
        }

        int before = _expected.Count;
        Add(Left);
        _expected.Select(Position).Should().Equal(Enumerable.Range(0, before + 1));
        Drain();
    }

    [Fact]
    public void Order_is_kept_across_the_end_whatever_is_cancelled()
    {
        for (int i = 0; i < 3 * Left; i++)
        {
            Add(i);
            if (i % 3 == 0)
            {
                Remove(_random.Next(_expected.Count));
            }
        }

        Position(_expected[^1]).Should().BeLessThan(3 * Left);
        Drain();
    }

    [Fact]
    public void An_empty_run_begins_anew_before_the_end()
    {
        Add(1);
        Position(_expected[0]).Should().Be(TimerRun.EndOfPositions - Left);
        Drain();
        Add(2);
        Position(_expected[0]).Should().Be(0);
        Drain();
    }

    [Fact]
    public void What_comes_many_minutes_after_the_first_of_a_chunk_is_not_accepted_until_the_next_chunk()
    {
        var run = new TimerRun(Number);
        run.Append(new TimerEntry { Due = -5, Item = new Item(0) });

        run.Accepts(-6).Should().BeFalse();
        run.Accepts(uint.MaxValue - 5L).Should().BeTrue();
        run.Accepts(uint.MaxValue - 4L).Should().BeFalse();
        run.Accepts(long.MaxValue - 1).Should().BeFalse();
        for (int i = 1; i < TimerRun.ChunkSize; i++)
        {
            run.Append(new TimerEntry { Due = uint.MaxValue - 5L, Item = new Item(0) });
        }

        run.Accepts(long.MaxValue - 1).Should().BeTrue();
        run.Append(new TimerEntry { Due = long.MaxValue - 1, Item = new Item(0) });
        run.LastDue.Should().Be(long.MaxValue - 1);
        run.First.Due.Should().Be(-5);
    }

    [Fact]
    public void A_deadline_that_the_end_of_the_positions_brings_into_a_chunk_that_cannot_hold_it_goes_to_the_heap()
    {
        var heap = new TimerHeap();
        var run = new TimerRun(Number, TimerRun.EndOfPositions - (2 * TimerRun.ChunkSize), heap);
        var items = Enumerable.Range(0, 2 * TimerRun.ChunkSize).Select(static i => new Item(i)).ToArray();
        foreach (var item in items)
        {
            run.Append(new TimerEntry { Due = 0, Item = item });
        }

        foreach (var item in items[10..^1000])
        {
            run.Remove(item);
        }

        long due = uint.MaxValue + 10L;
        run.Accepts(due).Should().BeTrue("it would be the first of a chunk");
        run.Append(new TimerEntry { Due = due, Item = new Item(0) });
        run.LastDue.Should().Be(0);
        heap.First.Due.Should().Be(due);
    }

    private static int Position(Item item)
    {
        TimerRun.NumberOf(item.TimerSlot).Should().Be(Number);
        return TimerRun.PositionOf(item.TimerSlot);
    }

    private void Add(int due)
    {
        var item = new Item(due);
        _run.Append(new TimerEntry { Due = due, Item = item });
        _expected.Add(item);
        Check();
    }

    private void Remove(int index)
    {
        _run.Remove(_expected[index]);
        _expected.RemoveAt(index);
        Check();
    }

    private void Drain()
    {
        while (_expected.Count > 0)
        {
            if (_random.Next(4) == 0)
            {
                Remove(_random.Next(_expected.Count));
            }
            else
            {
                Remove(0);
            }
        }
    }

    // By xunit alone, because there are thousands.
    private void Check()
    {
        Assert.Equal(_expected.Count, _run.Count);
        if (_expected.Count > 0)
        {
            Assert.Same(_expected[0], _run.First.Item);
            Assert.Equal(_expected[0].Due, _run.First.Due);
            Assert.Equal(_expected[^1].Due, _run.LastDue);
        }
    }
}
