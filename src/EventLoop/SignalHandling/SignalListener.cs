using System.Runtime.InteropServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.SignalHandling;

namespace EventLoop;

/// <summary>Signals as they arrive; see <see cref="Signals.Listen"/>. Trio: <c>open_signal_receiver</c>.</summary>
/// <remarks><b>Thread:</b> the loop's. <b>Cancellation:</b> a cancelled wait has taken nothing.</remarks>
public sealed class SignalListener : IAsyncEnumerable<PosixSignal>, IDisposable
{
    private readonly LoopCore core;
    private readonly Subscription subscription;
    private readonly int[] numbers;
    private readonly Queue<int> arrived = new();       // each signal once, so it is bounded by their number
    private readonly AsyncEvent occurred;              // set while there are some, or there will be no more
    private bool isEnded;

    internal SignalListener(LoopCore core, int[] numbers)
    {
        this.core = core;
        this.numbers = numbers;
        occurred = new AsyncEvent(WaitKind.Other, $"signal {string.Join(" or ", numbers.Select(SignalNumbers.NameOf))}");
        subscription = new Subscription(this);
        foreach (int number in numbers)
        {
            SignalHub.Add(number, subscription);
        }

        core.Loop.Residents.Add(subscription);
    }

    /// <summary>Waits for the next signal.</summary>
    /// <returns>The signal, by name where it has one.</returns>
    /// <exception cref="ObjectDisposedException">The listener was disposed.</exception>
    public async Coroutine<PosixSignal> ReceiveAsync()
    {
        core.VerifyAccess("SignalListener.ReceiveAsync");
        int number;
        do
        {
            await occurred.WaitAsync();
            if (isEnded)
            {
                throw new ObjectDisposedException(nameof(SignalListener),
                    "The listener was disposed: it hears no signals any more. Make another one with Signals.Listen.");
            }
        }
        while (!arrived.TryDequeue(out number));      // another waiter was first
        if (arrived.Count == 0)
        {
            occurred.Clear();
        }

        return subscription.Take(number);
    }

    /// <summary>Enumerates signals as they arrive; the end of the enumeration disposes the listener.</summary>
    /// <param name="cancellationToken">Ends the wait for the next signal.</param>
    public async IAsyncEnumerator<PosixSignal> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        try
        {
            while (!isEnded)
            {
                PosixSignal next;
                try
                {
                    next = await Loop.WaitWith(ReceiveAsync(), cancellationToken);
                }
                catch (ObjectDisposedException)
                {
                    yield break;
                }

                yield return next;
            }
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Stops listening; waiters get <see cref="ObjectDisposedException"/>. Without any listener left, a signal has its default action
    /// again.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Dispose()
    {
        if (!isEnded)
        {
            core.VerifyAccess("SignalListener.Dispose");
            isEnded = true;
            subscription.End();
            arrived.Clear();
            if (ReferenceEquals(LoopCore.Running, core))
            {
                occurred.Set();
            }
        }
    }

    /// <summary>What the process's registrations know about it.</summary>
    private sealed class Subscription(SignalListener listener) : ISignalSubscriber, ILoopResident
    {
        private ulong pending;       // any thread, interlocked: which signals are on their way, or have not been taken yet

        public Loop Loop => listener.core.Loop;

        public void OnSignal(int number)
        {
            ulong bit = 1UL << (number - 1);
            if ((Interlocked.Or(ref pending, bit) & bit) == 0)
            {
                listener.core.TryPost(CallbackItem<(SignalListener Listener, int Number)>.Create(
                    static arrival => arrival.Listener.OnArrived(arrival.Number), (listener, number), listener.core.BaseContext));
            }
        }

        void ILoopResident.OnLoopClosing() => End();

        internal PosixSignal Take(int number)
        {
            Interlocked.And(ref pending, ~(1UL << (number - 1)));
            return SignalNumbers.Named(number);
        }

        internal void End()
        {
            SignalHub.Remove(listener.numbers, this);
            listener.core.Loop.Residents.Remove(this);
        }
    }

    private void OnArrived(int number)
    {
        if (!isEnded)
        {
            arrived.Enqueue(number);
            occurred.Set();
        }
    }
}
