using System.Collections.Concurrent;
using System.Diagnostics;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>A new thread for every job, with blocking calls; connections are kept for those that come later.</summary>
internal static class ThreadPerJobMode
{
    public static void Run(Plan plan, Latencies latencies)
    {
        using var room = new SemaphoreSlim(plan.Concurrency);
        var clients = new ConcurrentBag<BlockingClient>();
        var threads = new List<Thread>();
        while (latencies.TryTake(out int job))
        {
            room.Wait();
            long started = Stopwatch.GetTimestamp();
            var thread = new Thread(() =>
            {
                BlockingClient? client = !plan.Fetches ? null : clients.TryTake(out BlockingClient? kept) ? kept : new BlockingClient(plan.Port);
                BlockingMode.Do(plan, client);
                latencies.Done(job, started);
                if (client is not null)
                {
                    clients.Add(client);
                }

                room.Release();
            });
            thread.Start();
            threads.Add(thread);
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        foreach (BlockingClient client in clients)
        {
            client.Dispose();
        }
    }
}
