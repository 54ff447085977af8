// A job service: jobs of strangers run in worker processes, each with limits, and what goes wrong in one concerns no other.
//
//     dotnet run --project samples/Workers
//
// One of the jobs crashes its process, one leaks until its memory is over, one never ends. All others finish, and the loop is never held up. On threads
// the first would have ended this program, the second filled its memory, and the third computed for ever. One job takes and returns records, by MemoryPack.

using EventLoop;
using EventLoop.Samples;
using Workers;

const string usage = """
    Usage: dotnet run --project samples/Workers [-- options]

      --jobs N       how many ordinary jobs (default 20)
      --workers N    how many processes (default 2)
    """;

return CommandLine.Run(args, usage, line =>
{
    int jobs = line.Number("--jobs", 20, least: 0, most: 10_000);
    int workers = line.Number("--workers", 2, least: 1, most: 64);
    line.ExpectNoMore();
    return Loop.RunMain(async Coroutine<int> () =>
    {
        var service = new JobService(workers);
        var readings = new Readings("north", new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), [.. Enumerable.Range(0, 1440).Select(static minute => Math.Sin(minute / 229.2))]);
        return await service.RunAsync([.. Enumerable.Range(1, jobs).Select(static number => Job.Of($"sum {number}", Work.Sum, 1 + ((number - 1) % 20))),
            Job.Of("summary", Work.Summarize, readings), Job.Of("crash", Work.Crash, 0), Job.Of("leak", Work.Leak, 0), Job.Of("endless", Work.Endless, 0)]);
    });
});
