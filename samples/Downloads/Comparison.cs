using EventLoop;

namespace Downloads;

/// <summary>Runs the modes one after the other, each in its own process, and prints the table row by row.</summary>
internal sealed class Comparison(Options options)
{
    private readonly string _folder = options.Out is { } chosen
        ? Directory.CreateDirectory(chosen).FullName
        : Directory.CreateTempSubdirectory("downloads-").FullName;

    public async Coroutine<int> RunAsync()
    {
        if (options.Addresses.Count > 0)
        {
            Console.WriteLine($"{options.Addresses.Count} addresses, at most {options.Concurrency} at a time.");
            return await CompareAsync(options.Addresses);
        }

        await using LocalWeb web = await LocalWeb.StartAsync(options.Delay, options.Size);
        Console.WriteLine(
            $"{options.Pages:N0} pages of {options.Size:N0} bytes from a local server that takes {options.Delay} ms for each, "
            + $"at most {options.Concurrency} at a time.");
        return await CompareAsync([.. web.Pages(options.Pages)]);
    }

    private async Coroutine<int> CompareAsync(IReadOnlyList<Uri> addresses)
    {
        Console.WriteLine();
        Console.WriteLine($"{"mode",-10}{"time",10}{"pages",8}{"MB",9}{"requests/s",12}{"threads",9}{"in process",12}{"peak memory",13}");

        List<Measurement> rows = [];
        foreach (Mode mode in options.Modes)
        {
            string name = mode.Name();
            var process = new ModeProcess(name, options.Concurrency, addresses, Path.Combine(_folder, name));
            Measurement row = await process.RunAsync();
            rows.Add(row);

            double rate = (row.Pages + row.Failed) / row.Seconds;
            Console.WriteLine(
                $"{name,-10}{row.Seconds,8:0.00} s{row.Pages,8}{row.Bytes / 1e6,9:0.00}{rate,12:N0}"
                + $"{row.Threads,9}{process.MostThreads,12}{row.PeakMemory / 1e6,10:0} MB");
        }

        int failed = rows.Sum(row => row.Failed);
        Console.WriteLine();
        Console.WriteLine($"""
            time: after a rehearsal with one page, so that it is not the compiler's.
            threads: how many ran the code of the mode; in process: the most alive at once, with the runtime's own.
            peak memory: of the whole process; before its first request it holds {rows.Min(row => row.IdleMemory) / 1e6:0} MB.
            """);
        Console.WriteLine($"The files are in {_folder}{(failed > 0 ? $"; {failed} could not be fetched" : "")}.");
        return failed > 0 ? 1 : 0;
    }
}
