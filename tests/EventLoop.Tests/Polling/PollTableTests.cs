using EventLoop.Polling;

namespace EventLoop.Tests.Polling;

public sealed class PollTableTests
{
    [Fact]
    public void The_key_of_a_source_that_has_left_finds_nobody_and_not_the_next_owner_of_its_slot()
    {
        var table = new PollTable();
        Source left = new(), next = new();
        ulong old = table.Add(left);
        int slot = left.Slot;
        table.Find(old).Should().BeSameAs(left);

        table.Remove(left);
        table.Find(old).Should().BeNull();

        ulong key = table.Add(next);
        next.Slot.Should().Be(slot, "a free slot is given to the next");
        table.Find(old).Should().BeNull();
        table.Find(key).Should().BeSameAs(next);
        table.KeyOf(next).Should().Be(key);
    }

    [Fact]
    public void Each_of_many_is_found_by_its_own_key_whoever_has_left_meanwhile()
    {
        var table = new PollTable();
        var random = new Random(3);
        List<(Source Source, ulong Key)> present = [];
        List<ulong> gone = [];
        for (int i = 0; i < 5000; i++)
        {
            if (present.Count < 100 || random.Next(2) == 0)
            {
                var source = new Source();
                present.Add((source, table.Add(source)));
            }
            else
            {
                int at = random.Next(present.Count);
                table.Remove(present[at].Source);
                gone.Add(present[at].Key);
                present.RemoveAt(at);
            }
        }

        table.Count.Should().Be(present.Count);
        present.Should().OnlyContain(one => ReferenceEquals(table.Find(one.Key), one.Source));
        gone.Should().OnlyContain(key => table.Find(key) == null);
    }

    private sealed class Source : PollSource
    {
        internal override void OnReady(Readiness readiness)
        {
            // No poller asks this table.
        }
    }
}
