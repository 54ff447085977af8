using System.Runtime.InteropServices;

namespace EventLoop.SignalHandling;

/// <summary>This process's registrations for signals: one for each signal that anybody listens to, on whichever loop. Any thread.</summary>
internal static class SignalHub
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, Registration> Registrations = [];

    /// <summary>Whether somebody listens to the signal, so that it has no other effect.</summary>
    internal static bool IsHeard(PosixSignal signal)
    {
        lock (Gate)       // held only for a moment; signals are rare
        {
            return Registrations.ContainsKey(SignalNumbers.Of(signal));
        }
    }

    /// <summary>The number of a signal that can be listened to.</summary>
    /// <exception cref="ArgumentException">The signal cannot be caught, or the runtime or this library needs it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal.</exception>
    internal static int Verify(PosixSignal signal)
    {
        int number = SignalNumbers.Of(signal);
        if (number is SignalNumbers.Kill or SignalNumbers.Stop)
        {
            throw new ArgumentException($"{SignalNumbers.NameOf(number)} cannot be caught: the system acts on it by itself.", nameof(signal));
        }

        if (number is 4 or 5 or 6 or 7 or 8 or 11 or 32 or 33 or 34)
        {
            throw new ArgumentException($"{SignalNumbers.NameOf(number)} is the runtime's own: it needs it for exceptions or for its threads.", nameof(signal));
        }

        if (number == SignalBarrier.Urgent)
        {
            throw new ArgumentException(
                "SIGURG is the library's own: the process sends it to itself when somebody stops listening to a signal, and a listener would receive those.",
                nameof(signal));
        }

        return number;
    }

    /// <summary>The loops in debug mode that listen to any signal.</summary>
    internal static List<Loop> DebuggedLoops()
    {
        lock (Gate)
        {
            var loops = Registrations.Values.SelectMany(static one => one.Subscribers).Select(static one => one.Loop);
            return [.. loops.Where(static loop => loop.Debug).Distinct()];
        }
    }

    internal static void Add(int number, ISignalSubscriber subscriber)
    {
        lock (Gate)
        {
            if (!Registrations.TryGetValue(number, out var registration))
            {
                registration = new Registration(number);
                Registrations.Add(number, registration);
            }

            registration.Subscribers = [.. registration.Subscribers, subscriber];
            SignalPoolWatch.Begin(subscriber.Loop);
        }
    }

    /// <summary>Removes a subscriber; with the last one the registration goes, and the default action is back. Signals that had arrived by then do not end the
    /// process.</summary>
    internal static void Remove(ReadOnlySpan<int> numbers, ISignalSubscriber subscriber)
    {
        List<PosixSignalRegistration> ended = [];
        lock (Gate)
        {
            foreach (int number in numbers)
            {
                if (Registrations.TryGetValue(number, out var registration))
                {
                    registration.Subscribers = [.. registration.Subscribers.Where(other => !ReferenceEquals(other, subscriber))];
                    if (registration.Subscribers.Length == 0)
                    {
                        Registrations.Remove(number);
                        ended.Add(registration.Own);
                    }
                }
            }
        }

        if (ended.Count > 0)
        {
            SignalBarrier.End([.. ended]);      // one wait for all of them
        }
    }

    private sealed class Registration
    {
        private readonly int number;

        internal Registration(int number)
        {
            this.number = number;
            Own = PosixSignalRegistration.Create(SignalNumbers.Named(number), OnSignal);
        }

        internal PosixSignalRegistration Own { get; }

        /// <summary>Replaced as a whole.</summary>
        internal volatile ISignalSubscriber[] Subscribers = [];

        // On a thread of .NET's own.
        private void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            foreach (var subscriber in Subscribers)
            {
                subscriber.OnSignal(number);
            }
        }
    }
}

/// <summary>A listener for signals.</summary>
internal interface ISignalSubscriber
{
    Loop Loop { get; }

    /// <summary>Called on any thread; does not throw.</summary>
    void OnSignal(int number);
}
