using EventLoop.Benchmarks.Growth;

namespace EventLoop.Tests.Scheduling;

/// <summary>
/// The cases of benchmarks/Growth in a short form: no path whose length users choose costs more than linearly. What counts is the processor time of the loop's
/// thread, which a busy machine does not lengthen, and the bound lies half-way between linear and quadratic. What leaves a cache takes more than four times as
/// long once, and what is quadratic at each step, so two steps have to be above it.
/// </summary>
public sealed class GrowthTests
{
    private const int MostRounds = 15;
    private const double Bound = 8;      // linear is 4, quadratic 16

    public static TheoryData<string> Cases => [.. GrowthCase.All.Select(static one => one.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Four_times_the_length_takes_about_four_times_as_long(string name)
    {
        Assert.SkipUnless(ThreadClock.IsExact, "Without the processor time of the thread this would measure who else is busy.");
        GrowthCase one = GrowthCase.All.Single(each => each.Name == name);
        one.Run(one.N / 4);
        if (Step(one, one.N) is { IsLong: true } first)
        {
            var second = Step(one, 4 * one.N);
            second.IsLong.Should().BeFalse($"{first.Text}, and {second.Text}");
        }
    }

    private static (bool IsLong, string Text) Step(GrowthCase one, int n)
    {
        double shorter = double.MaxValue;
        double longer = double.MaxValue;
        for (int round = 0; round == 0 || (longer / shorter > Bound && round < MostRounds); round++)
        {
            shorter = Math.Min(shorter, ThreadClock.Time(() => one.Run(n)));
            longer = Math.Min(longer, ThreadClock.Time(() => one.Run(4 * n)));
        }

        return (longer / shorter > Bound, $"{n} take {shorter:F2} ms and {4 * n} take {longer:F2} ms");
    }
}
