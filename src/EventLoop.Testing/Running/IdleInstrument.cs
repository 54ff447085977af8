using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>Asked when a loop has nothing to do. Loop thread only.</summary>
/// <param name="findsWork">Given the next deadline; true when it found something.</param>
internal sealed class IdleInstrument(Func<long, bool> findsWork) : Instrument
{
    internal override bool FindsWork(long nextDue) => findsWork(nextDue);
}
