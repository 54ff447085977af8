// Child processes in a chain: generate | compress | checksum, with this program between them.
//
//     dotnet run --project samples/Pipeline
//
// Each stage is a process of its own, and the bytes go through this program, which counts them and prints a line of progress. A stage that is slow slows
// those before it: a write waits while too much is unsent, and nothing piles up in memory. Ctrl-C stops all stages; nothing is left behind.

using EventLoop;
using EventLoop.Samples;
using Pipeline;

const string usage = """
    Usage: dotnet run --project samples/Pipeline [-- options]

      --size N       how many MiB to generate (default 64)
      --slow N       at most N MiB a second go to the last stage (default: as fast as it takes them)
    """;

return CommandLine.Run(args, usage, line =>
{
    int size = line.Number("--size", 64, least: 1, most: 1 << 20);
    int slow = line.Number("--slow", 0, least: 0, most: 1 << 20);
    line.ExpectNoMore();
    return Loop.RunMain(async Coroutine<int> () =>
    {
        var chain = new Chain(slow > 0 ? slow * 1024L * 1024 : null);
        string checksum = await chain.RunAsync(
            ProcessCommand.Shell("head -c \"$1\" /dev/zero | tr '\\0' 'x'", $"{size * 1024L * 1024}"),
            new ProcessCommand("gzip", "-1"),
            new ProcessCommand("sha256sum"));
        Console.WriteLine($"generated {Chain.Megabytes(chain.Generated)}, compressed {Chain.Megabytes(chain.Compressed)}, checksum {checksum}");
        return 0;
    });
});
