using System.Runtime.InteropServices;

namespace EventLoop.SignalHandling;

/// <summary>This process's registrations for signals: one for each signal that anybody listens to, on whichever loop. Any thread.</summary>
internal static class SignalHub
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, Registration> Registrations = [];

    /// <summary>Whether somebody listens to it, so that it is nobody else's.</summary>
    internal static bool IsHeard(PosixSignal signal)
    {
        lock (Gate)       // held for a moment only; a signal is rare
        {
            return Registrations.ContainsKey(SignalNumbers.Of(signal));
        }
    }

    /// <summary>The number of a signal that can be listened to.</summary>
    /// <exception cref="ArgumentException">It cannot be caught, or the runtime needs it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">It is no signal.</exception>
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

        return number;
    }

    /// <summary>The loops in debug mode that listen to any.</summary>
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

    /// <summary>With the last one goes the registration, and the default action is back. Signals that had come by then end nobody.</summary>
    internal static void Remove(int number, ISignalSubscriber subscriber)
    {
        Registration? last = null;
        lock (Gate)
        {
            if (Registrations.TryGetValue(number, out var registration))
            {
                registration.Subscribers = [.. registration.Subscribers.Where(other => !ReferenceEquals(other, subscriber))];
                if (registration.Subscribers.Length == 0)
                {
                    Registrations.Remove(number);
                    last = registration;
                }
            }
        }

        last?.End();
    }

    private sealed class Registration
    {
        private readonly int number;
        private readonly PosixSignalRegistration registration;

        internal Registration(int number)
        {
            this.number = number;
            registration = PosixSignalRegistration.Create(SignalNumbers.Named(number), OnSignal);
        }

        /// <summary>Replaced as a whole.</summary>
        internal volatile ISignalSubscriber[] Subscribers = [];

        internal void End() => SignalBarrier.End(registration);

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

/// <summary>Who listens to a signal.</summary>
internal interface ISignalSubscriber
{
    Loop Loop { get; }

    /// <summary>On any thread; does not throw.</summary>
    void OnSignal(int number);
}
