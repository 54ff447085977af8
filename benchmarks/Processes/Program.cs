// Child processes and worker processes beside what else one would use, in one run: ratios, with the goals beside them.
//
//     dotnet run -c Release --project benchmarks/Processes [-- starts|capture|end|pool|stop ...]
//
// "Theirs" is System.Diagnostics.Process, awaited on the loop. Medians of five rounds, taken in turn.

using EventLoop;
using Processes;

if (args is ["empty"])
{
    return 0;      // the empty program that a worker's start is held against
}

var report = new Report();
Dictionary<string, Func<Report, Coroutine>> all = new()
{
    ["starts"] = Starts.Run,
    ["end"] = Output.End,
    ["capture"] = Output.Capture,
    ["pool"] = Pool.RoundTrips,
    ["stop"] = Pool.Stops,
};
foreach (string name in args.Length > 0 ? args : [.. all.Keys])
{
    Loop.Run(all[name](report));
}

report.Print();
return 0;
