namespace EventLoop.Benchmarks.Comparison;

/// <summary>As many threads as jobs may be under way; each takes one job after the other, with blocking calls.</summary>
/// <remarks>Threads of our own: the thread pool adds a thread or two a second to those that block, and would be measured for that.</remarks>
internal static class ThreadsMode
{
    public static void Run(Plan plan, Latencies latencies)
    {
        Thread[] threads = [.. Enumerable.Range(0, plan.Concurrency).Select(_ => new Thread(() => BlockingMode.Work(plan, latencies)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }
}
