using System.Collections.Concurrent;

namespace Downloads;

/// <summary>The same blocking code on a pool of threads, as many as pages may be under way: fast, and most threads sleep.</summary>
internal static class ThreadsMode
{
    public static void Run(Errand errand)
    {
        var pages = new ConcurrentQueue<Page>(errand.Pages);
        Thread[] threads = [.. Enumerable.Range(0, errand.Concurrency).Select(_ => new Thread(Work))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();

        void Work()
        {
            while (pages.TryDequeue(out Page page))
                errand.Tally.Count(SynchronousMode.Fetch(errand, page));
        }
    }
}
