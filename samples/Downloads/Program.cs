// The main job on real input: fetch many pages and write them to files, in four ways.
//
//     dotnet run -c Release --project samples/Downloads
//     dotnet run -c Release --project samples/Downloads -- --pages 2000 --concurrency 500 --modes threads,loop,loop-http
//     dotnet run -c Release --project samples/Downloads -- https://example.com https://example.org
//
// Three files hold the ways: SynchronousMode.cs, ThreadsMode.cs and LoopMode.cs, the last for two rows: loop with the connections of .NET,
// loop-http with connections that the loop reads and writes itself. Compare them.
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
    catch (LoopInterruptedException interrupted)
    {
        if (options.Measure is null)
            Console.Error.WriteLine("Interrupted.");
        return interrupted.ExitCode;
    }
    catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or Downloads.ProcessFailedException)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }
});
