namespace EventLoop.Polling;

/// <summary>Where the loop blocks and learns of events. One per loop.</summary>
internal interface IPoller : IDisposable
{
    /// <summary>For diagnostics: which mechanism this is.</summary>
    string Name { get; }

    /// <summary>
    /// Loop thread. Collects events and puts what they complete on the ready queue; waits for the first for at most
    /// <paramref name="timeout"/> ticks of 100 ns, zero for a look only (which is free where nothing is registered), negative for as long as it takes.
    /// </summary>
    void Poll(long timeout);

    /// <summary>Any thread. Ends the wait that is under way, or the next one if none is.</summary>
    void Wake();
}
