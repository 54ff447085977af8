namespace EventLoop.Processes;

/// <summary>
/// Where children are started: the system call stands still until the program is there, and no loop should. One thread for the process, which comes when it is needed and leaves when it is not. Any thread.
/// </summary>
internal static class SpawnThread
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly Queue<Action> Jobs = [];      // the lock of all that is here: held for a moment only, by whoever starts a child
    private static bool runs;

    /// <param name="job">Does not throw. They run in order.</param>
    internal static void Post(Action job)
    {
        lock (Jobs)
        {
            Jobs.Enqueue(job);
            if (!runs)
            {
                runs = true;
                new Thread(Run) { IsBackground = true, Name = "EventLoop process start" }.UnsafeStart();
            }
            else if (Jobs.Count == 1)
            {
                Monitor.Pulse(Jobs);
            }
        }
    }

    private static void Run()
    {
        while (true)
        {
            Action? job;
            lock (Jobs)
            {
                if (Jobs.Count == 0 && !Monitor.Wait(Jobs, Patience) && Jobs.Count == 0)
                {
                    runs = false;
                    return;
                }

                if (!Jobs.TryDequeue(out job))
                {
                    continue;
                }
            }

            job();
        }
    }
}
