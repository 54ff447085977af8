namespace EventLoop.Polling;

/// <summary>Something that can be registered with a poller. Loop thread only.</summary>
internal abstract class PollSource
{
    /// <summary>Its place in the poller's table; -1 if it is not registered.</summary>
    internal int Slot = -1;

    /// <summary>Called inside <see cref="IPoller.Poll"/>, without a context: must not run user code and must not throw.</summary>
    internal abstract void OnReady(Readiness readiness);
}
