namespace EventLoop.Orleans.Tests;

/// <summary>How quick a silo is taken for, by how long work took there beside what is usual.</summary>
public sealed class SiloShareTests
{
    private const long Usual = TimeSpan.TicksPerMillisecond * 10;

    [Fact]
    public void A_hiccup_is_not_slowness()
    {
        var silo = new SiloShare("silo");
        double before = silo.Burden(WorkPlace.Threads, now: 1);
        silo.Took(Usual * 100, Usual, now: 1);
        silo.Burden(WorkPlace.Threads, now: 1).Should().Be(before);
    }

    [Fact]
    public void One_that_is_slow_again_and_again_counts_as_slow_until_that_is_forgotten()
    {
        var silo = new SiloShare("silo");
        double before = silo.Burden(WorkPlace.Threads, now: 1);
        for (int piece = 0; piece < 8; piece++)
        {
            silo.Took(Usual * 10, Usual, now: 1);
        }

        silo.Burden(WorkPlace.Threads, now: 1).Should().BeGreaterThanOrEqualTo(before * 4);
        silo.Burden(WorkPlace.Threads, now: TimeSpan.TicksPerMinute).Should().Be(before);
    }

    [Fact]
    public void Silos_that_differ_by_a_little_get_the_same()
    {
        var (one, other) = (new SiloShare("one"), new SiloShare("other"));
        for (int piece = 0; piece < 50; piece++)
        {
            one.Took(Usual * 4 / 5, Usual, now: 1);
            other.Took(Usual * 5 / 4, Usual, now: 1);
        }

        one.Burden(WorkPlace.Threads, now: 1).Should().Be(other.Burden(WorkPlace.Threads, now: 1));
    }
}
