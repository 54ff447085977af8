using System.Runtime.InteropServices;
using EventLoop.Benchmarks.Growth;

namespace EventLoop.Tests.Scheduling;

/// <summary>
/// The cases of benchmarks/Growth in a short form: no path whose length users choose costs more than linearly. What counts is the processor time of the loop's
/// thread, which a busy machine does not lengthen, and the bound lies half-way between linear and quadratic.
/// </summary>
public sealed partial class GrowthTests
{
    private const int MostRounds = 15;
    private const double Bound = 8;      // linear is 4, quadratic 16

    public static TheoryData<string> Cases => [.. GrowthCase.All.Select(static one => one.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Four_times_the_length_takes_about_four_times_as_long(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The processor time of a thread is asked of Linux.");
        GrowthCase one = GrowthCase.All.Single(each => each.Name == name);
        int n = one.N;
        double shorter = double.MaxValue;
        double longer = double.MaxValue;
        one.Run(n / 4);
        for (int round = 0; round == 0 || (longer / shorter > Bound && round < MostRounds); round++)
        {
            shorter = Math.Min(shorter, Run(one, n));
            longer = Math.Min(longer, Run(one, 4 * n));
        }

        (longer / shorter).Should().BeLessThan(Bound, $"{n} take {shorter:F2} ms and {4 * n} take {longer:F2} ms");
    }

    private static double Run(GrowthCase one, int n)
    {
        double start = ThreadTime();
        one.Run(n);
        return ThreadTime() - start;
    }

    // In milliseconds.
    private static double ThreadTime()
    {
        const int threadClock = 3;
        return GetTime(threadClock, out Time now) == 0 ? now.Seconds * 1e3 + now.Nanoseconds / 1e6 : throw new InvalidOperationException("The clock of the thread cannot be read.");
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    private readonly struct Time
    {
        internal readonly long Seconds;
        internal readonly long Nanoseconds;
    }
}
