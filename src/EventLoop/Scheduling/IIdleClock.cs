namespace EventLoop.Scheduling;

/// <summary>A clock that has to know when its loop has nothing to do: a virtual one, which jumps then.</summary>
internal interface IIdleClock
{
    /// <summary>Called once, by the loop that was made with this clock; it attaches an <see cref="Instrument"/> for <see cref="Hearing.Parking"/>.</summary>
    void Attach(LoopCore core);

    /// <summary>Called when a run of the loop has ended: another loop may now be the only one on the clock.</summary>
    void Left(LoopCore core);
}
