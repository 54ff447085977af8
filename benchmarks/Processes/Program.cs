// Child processes and worker processes beside what else one would use, in one run: ratios, with the goals beside them.
//
//     dotnet run -c Release --project benchmarks/Processes [-- --quick --json starts|end|signal|capture|pool|stop|tutorial|group|cluster ...]
//
// "Theirs" is System.Diagnostics.Process, awaited on the loop. Medians of five rounds (two with --quick), taken in turn.

using EventLoop;
using Processes;

switch (args)
{
    case ["empty"]:      // the empty program that a worker's start is held against
        return 0;
    case ["parent"]:
        Death.BeParent();
        return 0;
    case ["frames", var path]:
        Frames.Echo(path);
        return 0;
}

bool isQuick = args.Contains("--quick"), isJson = args.Contains("--json");
var report = new Report(isQuick);
Dictionary<string, Action<Report>> all = new()
{
    ["starts"] = static report => Loop.Run(Starts.Run(report)),
    ["end"] = static report => Loop.Run(async Coroutine () =>
    {
        await Output.End(report);
        await Death.OfParent(report);
    }),
    ["signal"] = static report => Loop.Run(SignalTimes.Run(report)),
    ["capture"] = static report => Loop.Run(Output.Capture(report)),
    ["pool"] = static report => Loop.Run(Pool.RoundTrips(report)),
    ["stop"] = static report => Loop.Run(async Coroutine () =>
    {
        await Pool.Stops(report);
        await Pool.Kills(report);
    }),
    ["tutorial"] = static report => Loop.Run(Tutorial.Run(report)),
    ["group"] = static report =>
    {
        Groups.Run(report);
        GroupServers.Run(report);
    },
    ["cluster"] = static report => Loop.Run(Cluster.Run(report)),
};
string[] chosen = [.. args.Where(static argument => !argument.StartsWith('-'))];
foreach (string name in chosen.Length > 0 ? chosen : [.. all.Keys])
{
    all[name](report);
}

if (isJson)
{
    Console.WriteLine(report.ToJson());
}
else
{
    report.Print();
}

return 0;
