namespace EventLoop.Processes;

/// <summary>
/// Where children are started: the system call stands still until the program is there, and no loop should. One thread for the process, from the first start
/// on: it could not come again where the system has no more threads or descriptors. Any thread.
/// </summary>
internal static class SpawnThread
{
    private static readonly Queue<Action> Jobs = [];      // the lock of all that is here: held for a moment only, by whoever starts a child
    private static bool runs;

    /// <param name="job">Does not throw. They run in order.</param>
    /// <exception cref="OutOfMemoryException">It is the first, and there is no thread for it.</exception>
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
