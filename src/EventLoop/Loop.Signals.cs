using System.Runtime.InteropServices;
using EventLoop.SignalHandling;

namespace EventLoop;

// Signals as plain callbacks.
public sealed partial class Loop
{
    private readonly Dictionary<int, SignalHandler> signalHandlers = [];

    /// <summary>Calls <paramref name="callback"/> on the loop, outside any task, whenever the signal arrives; replaces the loop's earlier callback for it.
    /// asyncio: <c>add_signal_handler</c>.</summary>
    /// <param name="signal">One of <see cref="PosixSignal"/> or of <see cref="Signals"/>.</param>
    /// <param name="callback">An exception goes to the exception handler.</param>
    /// <remarks>The callback is removed when the loop ends. <b>Thread:</b> the loop's. While it is there the signal's default action is off; a callback for
    /// SIGINT takes Ctrl-C over from the run.</remarks>
    /// <exception cref="ArgumentException">The signal cannot be caught, or the runtime needs it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal.</exception>
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

    /// <summary>Removes the loop's callback for a signal. asyncio: <c>remove_signal_handler</c>.</summary>
    /// <param name="signal">The same signal.</param>
    /// <returns>Whether there was one; false, too, for a signal that cannot be caught.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal.</exception>
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
