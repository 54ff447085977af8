using System.Runtime.InteropServices;
using EventLoop.Scheduling;
using EventLoop.SignalHandling;

namespace EventLoop;

/// <summary>Signals to this process, as events of the running loop. asyncio: <c>add_signal_handler</c>; Trio: <c>open_signal_receiver</c>.</summary>
/// <remarks>
/// <para>While anybody listens to a signal, on whichever loop, its default action is off; every listener receives it. When the last one is gone the default
/// action is back.</para>
/// <para>A slow listener finds each signal once, however often it arrived (Trio's rule); different signals are in the order in which this process received
/// them, which need not be the order of sending.</para>
/// <para>Listening to SIGINT takes Ctrl-C over from <see cref="Loop.Run(Coroutine, LoopOptions?)"/> meanwhile.</para>
/// <para>A signal that was ignored when this process started (<c>nohup</c>; SIGINT and SIGQUIT of a script's background job) stays ignored, as in .NET, except
/// SIGTERM.</para>
/// <para>A signal given by its number is the same as the one with that name, here and wherever signals are passed.</para>
/// <para>
/// <b>Errors:</b> <see cref="ArgumentException"/> for signals that cannot be caught (SIGKILL, SIGSTOP) or that the runtime needs (SIGSEGV and the like, 32 to
/// 34); <see cref="ArgumentOutOfRangeException"/> for numbers that are no signals.
/// </para>
/// </remarks>
public static class Signals
{
    /// <summary>Kills the process; it cannot be caught.</summary>
    public static PosixSignal SIGKILL => (PosixSignal)SignalNumbers.Kill;

    /// <summary>Stops the process; it cannot be caught.</summary>
    public static PosixSignal SIGSTOP => (PosixSignal)SignalNumbers.Stop;

    /// <summary>Free for use by programs.</summary>
    public static PosixSignal SIGUSR1 => (PosixSignal)10;

    /// <summary>Free for use by programs.</summary>
    public static PosixSignal SIGUSR2 => (PosixSignal)12;

    /// <summary>Listens from now on, until the result is disposed or an <c>await foreach</c> over it ends.</summary>
    /// <param name="signals">At least one.</param>
    /// <inheritdoc cref="Signals" path="/remarks"/>
    /// <exception cref="ArgumentException">No signal was given, or one cannot be caught.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static SignalListener Listen(params ReadOnlySpan<PosixSignal> signals) => new(LoopCore.Required, Verified(signals));

    /// <summary>Waits for the next of these signals. For the end of a program: <c>await Signals.WaitAsync(PosixSignal.SIGTERM)</c>.</summary>
    /// <param name="signals">At least one. They are listened to while it waits.</param>
    /// <returns>The signal that arrived.</returns>
    /// <exception cref="ArgumentException">No signal was given, or one cannot be caught.</exception>
    public static Coroutine<PosixSignal> WaitAsync(params ReadOnlySpan<PosixSignal> signals)
    {
        return Wait(Verified(signals));

        static async Coroutine<PosixSignal> Wait(int[] numbers)
        {
            using var listener = new SignalListener(LoopCore.Required, numbers);
            return await listener.ReceiveAsync();
        }
    }

    /// <summary>The name of a signal, such as "SIGTERM".</summary>
    /// <param name="signal">By its name or its number.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal.</exception>
    public static string NameOf(PosixSignal signal) => SignalNumbers.NameOf(SignalNumbers.Of(signal));

    private static int[] Verified(ReadOnlySpan<PosixSignal> signals)
    {
        if (signals.IsEmpty)
        {
            throw new ArgumentException("Name the signals to listen to: there are none.", nameof(signals));
        }

        var numbers = new HashSet<int>();
        foreach (var signal in signals)
        {
            numbers.Add(SignalHub.Verify(signal));
        }

        return [.. numbers];
    }
}
