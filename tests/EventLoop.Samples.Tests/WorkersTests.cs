namespace EventLoop.Samples.Tests;

public sealed class WorkersTests
{
    [Fact]
    public void The_job_that_crashes_the_one_that_leaks_and_the_one_that_never_ends_fail_and_all_others_finish()
    {
        const int jobs = 6;
        var result = Sample.Run("Workers", "--jobs", $"{jobs}", "--workers", "2");

        result.ExitStatus.IsSuccess.Should().BeTrue(result.StandardOutput + result.StandardError);
        string[] lines = result.StandardOutput.Split('\n', StringSplitOptions.TrimEntries);
        for (int number = 1; number <= jobs; number++)
        {
            lines.Should().Contain($"sum {number}: {SumTo(1_000_000L * number)}");
        }

        lines.Should().ContainSingle(static line => line.StartsWith("summary: Summary { Station = north, Count = 1440, "));

        // A busy machine may take longer for a crash or a leak than a job has time.
        lines.Should().ContainSingle(static line => line.StartsWith("crash: WorkerCrashedException") || line.StartsWith("crash: TimeoutException"));
        lines.Should().ContainSingle(static line => line.StartsWith("leak: OutOfMemoryException") || line.StartsWith("leak: WorkerCrashedException")
            || line.StartsWith("leak: TimeoutException"));
        lines.Should().ContainSingle(static line => line.StartsWith("endless: TimeoutException"));
        lines.Should().Contain(line => line.StartsWith($"{jobs + 1} of {jobs + 4} jobs finished"));
    }

    [Fact]
    public void However_many_jobs_there_are_none_is_longer_than_a_job_may_take()
    {
        const int jobs = 40;
        var result = Sample.Run("Workers", "--jobs", $"{jobs}", "--workers", "2");

        result.ExitStatus.IsSuccess.Should().BeTrue(result.StandardOutput + result.StandardError);
        result.StandardOutput.Should().Contain($"  sum 20: {SumTo(20_000_000)}\n").And.Contain($"  sum {jobs}: {SumTo(20_000_000)}\n")
            .And.Contain($"{jobs + 1} of {jobs + 4} jobs finished");
    }

    // Of the remainders by seven of all numbers below.
    private static long SumTo(long most) => most / 7 * 21 + Enumerable.Range(0, (int)(most % 7)).Sum();
}
