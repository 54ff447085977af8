namespace EventLoop.SignalHandling;

/// <summary>
/// .NET delivers signals through the thread pool. If that has no free thread for a second, the listening loops in debug mode report it. Runs on a thread of
/// its own, while there are such loops.
/// </summary>
internal static class SignalPoolWatch
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static int isWatching;       // interlocked

    internal static void Begin(Loop listening)
    {
        if (listening.Debug && Interlocked.Exchange(ref isWatching, 1) == 0)
        {
            new Thread(Watch) { IsBackground = true, Name = "EventLoop watch of signals" }.UnsafeStart();
        }
    }

    private static void Watch()
    {
        while (true)
        {
            if (SignalHub.DebuggedLoops().Count == 0)
            {
                Volatile.Write(ref isWatching, 0);
                if (SignalHub.DebuggedLoops().Count == 0 || Interlocked.Exchange(ref isWatching, 1) != 0)
                {
                    return;
                }
            }

            var ran = new ManualResetEventSlim();
            ThreadPool.UnsafeQueueUserWorkItem(static ran => ran.Set(), ran, preferLocal: false);
            if (ran.Wait(Patience))
            {
                Thread.Sleep(Patience);
                continue;
            }

            foreach (var loop in SignalHub.DebuggedLoops())
            {
                loop.LogStarvedPool(Patience);
            }

            ran.Wait();
        }
    }
}
