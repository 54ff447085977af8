using System.Runtime.InteropServices;

namespace EventLoop.Tool.Commands;

/// <summary>Ctrl-C and SIGTERM: the first is only remembered, so that what was begun can be ended in good order; the second ends the tool as usual.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly PosixSignalRegistration[] registrations;
    private int count;      // any thread, interlocked

    internal Interruption() => registrations = [Register(PosixSignal.SIGINT), Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGHUP)];

    internal bool HasCome => Volatile.Read(ref count) > 0;

    private PosixSignalRegistration Register(PosixSignal signal) =>
        PosixSignalRegistration.Create(signal, context => context.Cancel = Interlocked.Increment(ref count) == 1);

    public void Dispose()
    {
        foreach (var one in registrations)
        {
            one.Dispose();
        }
    }
}
