// What seeing inside a running program costs and how right it is: figures, with the goals beside them.
//
//     dotnet run -c Release --project benchmarks/Inside [-- [--quick] [--json] hammer|stuck|many|million|recorder|stalls|perfetto|leaks|web ...]
//
// benchmarks/run.sh inside adds what is switched off beside the library before all of this, writes results/inside.json and the table of docs/benchmarks.md.
// "target MODE" is the program that is looked into.

using Inside;

if (args is ["target", var mode, .. var rest])
{
    return Targets.Run(mode, rest);
}

bool quick = args.Contains("--quick");
var report = new Report(args.Contains("--json"));
Dictionary<string, Action<Report, bool>> all = new()
{
    ["hammer"] = Hammer.Run,
    ["stuck"] = Questions.Stuck,
    ["many"] = Questions.Many,
    ["million"] = Questions.Million,
    ["recorder"] = Recorders.Run,
    ["stalls"] = Stalls.Run,
    ["perfetto"] = Traces.Run,
    ["leaks"] = Questions.Leaks,
    ["web"] = Page.Run,
};
string[] chosen = [.. args.Where(static one => !one.StartsWith("--", StringComparison.Ordinal))];
foreach (string name in chosen.Length > 0 ? chosen : [.. all.Keys])
{
    try
    {
        all[name](report, quick);
    }
    catch (Exception failure) when (failure is not KeyNotFoundException)
    {
        Console.Error.WriteLine($"failed   {name}: {failure.Message}");
    }
}

return 0;
