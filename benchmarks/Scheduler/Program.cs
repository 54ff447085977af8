// The scheduler cases as a program of its own, in the form of the other runtimes' in ../peers:
//   Scheduler all N [--json] [--pool]     four rounds of every case, the first one warms up; --pool: the same on the thread pool with Task
//   Scheduler steps N [--json] [--pool]   the same without timers: the five cases of the feasibility study
//   Scheduler sleep N [--json] [--pool]   N tasks sleep 10 s: managed bytes for each, wall time, peak RSS
using System.Diagnostics;
using EventLoop;
using EventLoop.Benchmarks.Scheduler;

if (args.Length < 2 || args[0] is not ("all" or "steps" or "sleep") || !int.TryParse(args[1], out int n) || n < 1)
{
    Console.Error.WriteLine("usage: Scheduler all|steps|sleep N [--json] [--pool]");
    return 2;
}

bool pool = args.Contains("--pool");
var report = new Report(pool ? "dotnet-pool" : "EventLoop", args.Contains("--json"));
if (args[0] == "sleep")
{
    long before = GC.GetTotalMemory(forceFullCollection: true);
    long start = Stopwatch.GetTimestamp();
    double bytes = pool ? PoolCases.Sleepers(n, before).GetAwaiter().GetResult() : Loop.Run(LoopCases.Sleepers(n, before));
    report.Sleep(n, Stopwatch.GetElapsedTime(start), bytes);
    return 0;
}

const int Rounds = 4;
const int MostTimers = 100_000;
const int TimerRehearsals = 10;

for (int round = 0; round < Rounds; round++)
{
    if (pool)
    {
        report.Case("yield", round, 2 * n, () => PoolCases.TwoYielders(n).Wait());
        report.Case("spawn", round, n, () => PoolCases.SpawnOneByOne(n).Wait());
        report.Case("spawnjoin", round, n, () => PoolCases.SpawnAllThenJoin(n).Wait());
        report.Case("nested", round, n, () => PoolCases.NestedAwaits(n).Wait());
        report.Case("pingpong", round, n, () => PoolCases.PingPong(n).Wait());
    }
    else
    {
        report.Case("yield", round, 2 * n, () => Loop.Run(LoopCases.TwoYielders(n)));
        report.Case("spawn", round, n, () => Loop.Run(LoopCases.SpawnOneByOne(n)));
        report.Case("spawnjoin", round, n, () => Loop.Run(LoopCases.SpawnAllThenJoin(n)));
        report.Case("nested", round, n, () => Loop.Run(LoopCases.NestedAwaits(n)));
        report.Case("pingpong", round, n, () => Loop.Run(LoopCases.PingPong(n)));
    }

    if (args[0] == "all")
    {
        MeasureTimers(round);
    }
}

return 0;

void MeasureTimers(int round)
{
    int count = Math.Min(n, MostTimers);
    Action timers = pool ? () => PoolCases.Timers(count) : () => Loop.Run(LoopCases.Timers(count));

    // A hundred thousand timers are over before the compiler has seen enough of them; the other cases are long enough to be their own warm-up.
    for (int i = 0; round == 0 && i < TimerRehearsals; i++)
    {
        timers();
    }

    report.Case("timers", round, count, timers);
}
