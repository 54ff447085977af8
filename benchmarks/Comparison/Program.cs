// Sync, threads and async on the same work. Three jobs:
//   io      fetch pages of 8 KiB from a server on this machine, in a process of its own, that takes 50 ms for each
//   mixed   the same, and a quarter of a millisecond of computing for each page
//   cpu     computing only, 5 ms a job
// in six ways (see Modes/): blocking calls one by one, a thread per job, a pool of threads with blocking calls, async on the thread pool,
// the loop, and the loop with its computing on threads. Every way has the same small HTTP client (see Pages/) and default settings;
// each is measured in a process of its own, after a rehearsal, so that threads, memory and switches are its own.
using EventLoop.Benchmarks.Comparison;
using EventLoop.Samples;

const string usage = """
    Usage: dotnet run -c Release --project benchmarks/Comparison [-- options]

      --quick             few pages one by one, none with 8 at a time, and the mixed job with 64 only
      --rounds N          how often everything is measured, alternately (default 1; the table shows medians)
      --jobs LIST         of io,mixed,cpu (default all)
      --modes LIST        of blocking,threads,pool,async,loop,loop-threads (default all)
      --concurrency LIST  of the jobs that fetch (default 1,8,64,512)
      --delay MS          how long the server takes for a page (default 50)
      --server PORT       of a server on 127.0.0.1 that has this delay and such pages: benchmarks/load/build/nullhttp
                          (default: samples/LocalServer)
      --json FILE         every measurement as a JSON line as well; - for standard output instead of the table

      --measure           what the table is made of: reads one plan as JSON from standard input, runs it in this process,
                          and prints its figures as JSON
    """;

if (args is ["--measure"])
{
    return Measurement.Run();
}

return CommandLine.Run(args, usage, line => new Suite(Options.Parse(line)).Run());
