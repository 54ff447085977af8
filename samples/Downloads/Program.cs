// The main job on real input: fetch many pages and write them to files, in three ways.
//
//     dotnet run -c Release --project samples/Downloads
//     dotnet run -c Release --project samples/Downloads -- --pages 2000 --concurrency 500 --modes threads,loop
//     dotnet run -c Release --project samples/Downloads -- https://example.com https://example.org
//
// Three files hold the three ways: SynchronousMode.cs, ThreadsMode.cs and LoopMode.cs. Compare them.
// Each is measured in a process of its own, so that its memory and its threads are its own; Comparison.cs starts these processes,
// one after the other, and is itself a program on the loop. Without addresses, the pages come from samples/LocalServer, in yet another.

using Downloads;
using EventLoop;
using EventLoop.Samples;

return CommandLine.Run(args, Options.Usage, line =>
{
    var options = Options.Parse(line);
    try
    {
        return options.Measure is { } mode ? Measurement.Run(mode, options) : Loop.Run(new Comparison(options).RunAsync);
    }
    catch (LoopInterruptedException)
    {
        if (options.Measure is null)
            Console.Error.WriteLine("Interrupted.");
        return 130;
    }
    catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ProcessFailedException)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }
});
