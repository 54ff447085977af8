namespace EventLoop.Processes;

/// <summary>
/// Starts children: the system call blocks until the program is loaded, and no loop should. One thread for the process, kept from the first start on, because
/// it could not be made again when the system has run out of threads or descriptors. Any thread.
/// </summary>
internal static class SpawnThread
{
    private static readonly Queue<Action> Jobs = [];      // the lock of everything here: held only for a moment, by whoever starts a child
    private static bool runs;

    /// <param name="job">Does not throw. Jobs run in order.</param>
    /// <exception cref="OutOfMemoryException">It is the first job, and no thread could be started.</exception>
    internal static void Post(Action job)
    {
        lock (Jobs)
        {
            if (!runs)
            {
                new Thread(Run) { IsBackground = true, Name = "EventLoop process start" }.UnsafeStart();
                runs = true;
            }

            Jobs.Enqueue(job);
            if (Jobs.Count == 1)
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
                while (!Jobs.TryDequeue(out job))
                {
                    Monitor.Wait(Jobs);
                }
            }

            job();
        }
    }
}
