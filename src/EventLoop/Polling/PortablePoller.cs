namespace EventLoop.Polling;

/// <summary>Parks the thread on an event: no descriptors of its own, everywhere the same. I/O completions come through the inbox.</summary>
internal sealed class PortablePoller : IPoller
{
    private readonly AutoResetEvent wake = new(initialState: false);    // any thread; unlike its slim relative it allocates nothing to wait

    public string Name => "portable";

    public void Poll(long timeout)
    {
        if (timeout == 0)
        {
            return;
        }

        // Whole milliseconds, rounded up: waking early would only turn the loop round once more.
        int milliseconds = timeout < 0 ? -1 : (int)Math.Min((timeout + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond, int.MaxValue);
        wake.WaitOne(milliseconds);
    }

    public void Wake() => wake.Set();

    public void Dispose() => wake.Dispose();
}
