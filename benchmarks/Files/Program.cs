// Reading and writing files on the loop beside the ways that .NET and other loops have, in one run, alternately:
//   Files [--rounds N] [--files N] [--json]
//     LoopFile       what is in memory on the loop's thread, the rest by the executor
//     cache          the same with an OpenFileCache, for what is opened
//     FileStream     of .NET, asynchronous
//     ToThread       blocking calls on another thread, as aiofiles and anyio do it, and tokio's spawn_blocking
//     io_uring       a ring of the loop's own, where the system has it: a study, no part of the library
// Cases: open, read 10 kB and close; read 4 kB of an open file; write 4 kB; all of 8 MB. Files in memory, and (where the system lets go of them) not.
using System.Diagnostics;
using System.Text.Json;
using EventLoop;
using EventLoop.Benchmarks.Files;
using EventLoop.IO;

int rounds = Option("--rounds", 5), files = Option("--files", 500);
bool asJson = args.Contains("--json");
string folder = Directory.CreateTempSubdirectory("benchmark-files-").FullName;
try
{
    Loop.Run(() => RunAsync(new Site(folder, files), rounds, asJson));
}
finally
{
    Directory.Delete(folder, recursive: true);
}

int Option(string name, int otherwise) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1]) : otherwise;

static async Coroutine RunAsync(Site site, int rounds, bool asJson)
{
    using var cache = new OpenFileCache(site.Folder);
    using var ring = Ring.TryCreate();
    (string Case, (string Way, Func<Coroutine>? Run)[] Ways, bool IsCold)[] cases =
    [
        ("open, read 10 kB, close",
            [("LoopFile", () => Ways.OpenAsync(site)), ("cache", () => Ways.OpenCachedAsync(site, cache)), ("FileStream", () => Ways.OpenStreamAsync(site)),
            ("ToThread", () => Ways.OpenOnThreadAsync(site))], false),
        ("the same, not in memory",
            [("LoopFile", () => Ways.OpenAsync(site)), ("FileStream", () => Ways.OpenStreamAsync(site)), ("ToThread", () => Ways.OpenOnThreadAsync(site)),
            ("io_uring", ring is null ? null : () => Ways.OpenForRingAsync(site, ring))],
            true),
        ("read 4 kB",
            [("LoopFile", () => Ways.ReadAsync(site)), ("FileStream", () => Ways.ReadStreamAsync(site)), ("ToThread", () => Ways.ReadOnThreadAsync(site)),
            ("io_uring", ring is null ? null : () => Ways.ReadByRingAsync(site, ring))],
            false),
        ("write 4 kB",
            [("LoopFile", () => Ways.WriteAsync(site)), ("FileStream", () => Ways.WriteStreamAsync(site)), ("ToThread", () => Ways.WriteOnThreadAsync(site)),
            ("io_uring", ring is null ? null : () => Ways.WriteByRingAsync(site, ring))],
            false),
        ("read 8 MB",
            [("LoopFile", () => Ways.ReadAllAsync(site)), ("FileStream", () => Ways.ReadAllStreamAsync(site)),
            ("ToThread", () => Ways.ReadAllOnThreadAsync(site))], false),
    ];
    if (!asJson)
    {
        Console.WriteLine($"{"case",-26}{"way",-12}{"us",10}{"CPU us",10}{"times LoopFile",16}");
    }

    foreach (var (name, all, isCold) in cases)
    {
        var ways = all.Where(static way => way.Run is not null).ToArray();
        var times = ways.Select(static _ => new List<double>()).ToArray();
        var cpu = ways.Select(static _ => new List<double>()).ToArray();
        for (int round = -1; round < rounds; round++)      // the first warms up
        {
            for (int i = 0; i < ways.Length; i++)
            {
                if (isCold)
                {
                    site.Forget();
                }

                var before = Process.GetCurrentProcess().TotalProcessorTime;
                long start = Stopwatch.GetTimestamp();
                await ways[i].Run!();
                double took = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                if (round >= 0)
                {
                    int operations = Ways.CountOf(name, site);
                    times[i].Add(took / operations);
                    cpu[i].Add((Process.GetCurrentProcess().TotalProcessorTime - before).TotalMicroseconds / operations);
                }
            }
        }

        for (int i = 0; i < ways.Length; i++)
        {
            double ratio = Median(times[i].Select((time, round) => time / times[0][round]));
            Console.WriteLine(asJson
                ? JsonSerializer.Serialize(new { @case = name, way = ways[i].Way, us = times[i], cpu_us = cpu[i] })
                : $"{name,-26}{ways[i].Way,-12}{Median(times[i]),10:F2}{Median(cpu[i]),10:F2}{ratio,16:F2}");
        }
    }
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
