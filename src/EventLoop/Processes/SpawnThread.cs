namespace EventLoop.Processes;

/// <summary>
/// Where children are started: the system call stands still until the program is there, and no loop should. One thread for the process, which comes when it is needed and leaves when it is not. Any thread.
/// </summary>
internal static class SpawnThread
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly Lock Gate = new();
    private static readonly Queue<Action> Jobs = [];
    private static readonly SemaphoreSlim Arrivals = new(0);
    private static bool runs;

    /// <param name="job">Does not throw. They run in order.</param>
    internal static void Post(Action job)
    {
        lock (Gate)       // held for a moment only, by whoever starts a child
        {
            Jobs.Enqueue(job);
            if (!runs)
            {
                runs = true;
                new Thread(Run) { IsBackground = true, Name = "EventLoop process start" }.UnsafeStart();
            }
        }

        Arrivals.Release();
    }

    private static void Run()
    {
        while (true)
        {
            bool arrived = Arrivals.Wait(Patience);
            Action job;
            lock (Gate)
            {
                if (!arrived && Jobs.Count == 0)
                {
                    runs = false;
                    return;
                }

                if (!arrived)
                {
                    continue;      // its release is on the way
                }

                job = Jobs.Dequeue();
            }

            job();
        }
    }
}
