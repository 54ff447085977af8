// The scheduler cases as a program of its own, in the form of the other runtimes' in ../peers:
//   Scheduler all N [--json] [--pool]     four rounds of every case after a rehearsal, the first one warms up; --pool: the same on the thread pool with Task
//   Scheduler steps N [--json] [--pool]   the same without rehearsal: the five cases of the feasibility study
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

Action<int> Main(Func<int, Task> onPool, Func<int, Coroutine> onLoop) => pool ? count => onPool(count).Wait() : count => Loop.Run(onLoop(count));

(string Name, Action<int> Run, int Most, int PerN)[] cases =
[
    ("yield", Main(PoolCases.TwoYielders, LoopCases.TwoYielders), int.MaxValue, 2),
    ("spawn", Main(PoolCases.SpawnOneByOne, LoopCases.SpawnOneByOne), int.MaxValue, 1),
    ("spawnjoin", Main(PoolCases.SpawnAllThenJoin, LoopCases.SpawnAllThenJoin), int.MaxValue, 1),
    ("nested", Main(PoolCases.NestedAwaits, LoopCases.NestedAwaits), int.MaxValue, 1),
    ("pingpong", Main(PoolCases.PingPong, LoopCases.PingPong), int.MaxValue, 1),
];

bool isBesideTheStudy = args[0] == "steps";
if (!isBesideTheStudy)      // the study has no rehearsal either
{
    cases = [.. cases, ("call", Main(PoolCases.CallOneByOne, LoopCases.CallOneByOne), int.MaxValue, 1),
        ("timers", Main(PoolCases.Timers, LoopCases.Timers), MostTimers, 1)];
    if (!pool)
    {
        cases = [.. cases, ("eager", Main(null!, LoopCases.SpawnEagerly), int.MaxValue, 1)];
    }

    // The compiler shares the core with what it compiles, and takes its time: that is not what is measured.
    var rehearsal = TimeSpan.FromSeconds(8);
    for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < rehearsal;)
    {
        foreach (var (_, run, most, _) in cases)
        {
            run(Math.Min(n / 20 + 1, most));
        }
    }
}

for (int round = 0; round < Rounds; round++)
{
    foreach (var (name, run, most, perN) in cases)
    {
        int count = Math.Min(n, most);
        if (isBesideTheStudy)
        {
            GC.Collect();      // so does the study there: a case does not pay for the garbage of the one before
        }

        report.Case(name, round, perN * count, () => run(count));
    }
}

return 0;
