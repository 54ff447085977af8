using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>Is asked for work when a loop has nothing to do. Loop thread only.</summary>
/// <param name="findsWork">Receives the next deadline; true if it found something.</param>
internal sealed class IdleInstrument(Func<long, bool> findsWork) : Instrument
{
    internal override bool FindsWork(long nextDue) => findsWork(nextDue);
}
