namespace EventLoop.Scheduling;

/// <summary>A clock that wants to know when its loop has nothing to do: a virtual one, which jumps then.</summary>
internal interface IIdleClock
{
    /// <summary>Called once, by the loop that was made with this clock; it attaches an
    /// <see cref="Instrument"/> that hears of <see cref="Hearing.Parking"/>.</summary>
    void Attach(LoopCore core);

    /// <summary>A run of the loop has ended: whoever shares the clock with it may be alone now.</summary>
    void Left(LoopCore core);
}
