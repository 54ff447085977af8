using System.Runtime.InteropServices;
using EventLoop.SignalHandling;

namespace EventLoop;

// Signals as plain callbacks.
public sealed partial class Loop
{
    private readonly Dictionary<int, SignalHandler> signalHandlers = [];

    /// <summary>Has <paramref name="callback"/> called on the loop, as a plain callback, whenever the signal comes; it replaces the loop's earlier one.
    /// asyncio: <c>add_signal_handler</c>.</summary>
    /// <param name="signal">One of <see cref="PosixSignal"/> or of <see cref="Signals"/>.</param>
    /// <param name="callback">What it throws goes to the exception handler.</param>
    /// <remarks>The loop's end takes it away. <b>Thread:</b> the loop's. While it is there the signal's default
    /// action is off; that of SIGINT takes Ctrl-C over from the run.</remarks>
    /// <exception cref="ArgumentException">It cannot be caught, or the runtime needs it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">It is no signal.</exception>
    public void AddSignalHandler(PosixSignal signal, Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        int number = SignalHub.Verify(signal);
        VerifyOpen(nameof(AddSignalHandler));
        if (signalHandlers.TryGetValue(number, out var earlier))
        {
            earlier.Replace(callback);
        }
        else
        {
            signalHandlers.Add(number, new SignalHandler(Core, number, callback));
        }
    }

    /// <summary>Takes the loop's callback for a signal away. asyncio: <c>remove_signal_handler</c>.</summary>
    /// <param name="signal">The same signal.</param>
    /// <returns>Whether there was one; so false for what cannot be caught.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is no signal.</exception>
    public bool RemoveSignalHandler(PosixSignal signal)
    {
        int number = SignalNumbers.Of(signal);
        VerifyOpen(nameof(RemoveSignalHandler));
        if (!signalHandlers.Remove(number, out var handler))
        {
            return false;
        }

        handler.Remove();
        return true;
    }
}
