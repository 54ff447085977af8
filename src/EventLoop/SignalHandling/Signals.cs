using System.Runtime.InteropServices;
using EventLoop.Scheduling;
using EventLoop.SignalHandling;

namespace EventLoop;

/// <summary>Signals to this process, as events of the running loop. asyncio: <c>add_signal_handler</c>; Trio: <c>open_signal_receiver</c>.</summary>
/// <remarks>
/// <para>While anybody listens to a signal, on whichever loop, its default action is off; every
/// listener gets it. When the last one is gone the default is back.</para>
/// <para>A listener that is slow finds each signal once, however often it came (Trio's rule); two different ones are in the order in which this process heard
/// of them, which need not be the order of sending.</para>
/// <para>Who listens to SIGINT takes Ctrl-C over from <see cref="Loop.Run(Coroutine, LoopOptions?)"/> as long as it does.</para>
/// <para>A signal that was ignored when this process started (<c>nohup</c>; SIGINT and SIGQUIT of a script's
/// background job) stays ignored, as .NET has it; SIGTERM alone does not.</para>
/// <para>A signal given by its number is the one with that name, here and wherever signals are given.</para>
/// <para>
/// <b>Errors:</b> <see cref="ArgumentException"/> for what cannot be caught (SIGKILL, SIGSTOP) and for what the runtime needs (SIGSEGV and its kin, 32 to 34);
/// <see cref="ArgumentOutOfRangeException"/> for what is no signal.
/// </para>
/// </remarks>
public static class Signals
{
    /// <summary>Kills; it cannot be caught.</summary>
    public static PosixSignal SIGKILL => (PosixSignal)SignalNumbers.Kill;

    /// <summary>Stops; it cannot be caught.</summary>
    public static PosixSignal SIGSTOP => (PosixSignal)SignalNumbers.Stop;

    /// <summary>Free for programs.</summary>
    public static PosixSignal SIGUSR1 => (PosixSignal)10;

    /// <summary>Free for programs.</summary>
    public static PosixSignal SIGUSR2 => (PosixSignal)12;

    /// <summary>Listens from now on, until it is disposed or the <c>await foreach</c> over it ends.</summary>
    /// <param name="signals">One at least.</param>
    /// <inheritdoc cref="Signals" path="/remarks"/>
    /// <exception cref="ArgumentException">There is none, or one cannot be caught.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static SignalListener Listen(params ReadOnlySpan<PosixSignal> signals) => new(LoopCore.Required, Verified(signals));

    /// <summary>Waits for the next of them. For a program's end: <c>await Signals.WaitAsync(PosixSignal.SIGTERM)</c>.</summary>
    /// <param name="signals">One at least. They are listened to while it waits.</param>
    /// <returns>The one that came.</returns>
    /// <exception cref="ArgumentException">There is none, or one cannot be caught.</exception>
    public static Coroutine<PosixSignal> WaitAsync(params ReadOnlySpan<PosixSignal> signals)
    {
        return Wait(Verified(signals));

        static async Coroutine<PosixSignal> Wait(int[] numbers)
        {
            using var listener = new SignalListener(LoopCore.Required, numbers);
            return await listener.ReceiveAsync();
        }
    }

    /// <summary>"SIGTERM".</summary>
    /// <param name="signal">By its name or its number.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is no signal.</exception>
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
