using System.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Testing;

/// <summary>One direction of a pair. Any thread. Its waits use the current context, so that on a loop they return through its ready queue.</summary>
internal sealed class MemoryPipe
{
    private readonly Lock gate = new();
    private readonly Queue<MemorySegment> segments = new();
    private readonly MemoryStreamOptions options;
    private readonly TimeProvider time;
    private List<TaskCompletionSource> waiters = [];      // guarded, as all that follows; woken whenever something has changed
    private int buffered;
    private int reads;
    private bool completed;       // the writer sends nothing more
    private long end;             // when the reader sees that
    private bool closed;          // the writer has closed
    private bool abandoned;       // the reader has closed
    private bool reset;

    internal MemoryPipe(MemoryStreamOptions options)
    {
        options.Validate();
        this.options = options;
        time = options.TimeProvider ?? LoopCore.Running?.Clock.Custom ?? TimeProvider.System;
    }

    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TaskCompletionSource? waiter = null;
            List<TaskCompletionSource> told = [];
            TimeSpan? left;
            int taken = 0;
            lock (gate)
            {
                ThrowIfReset();
                ObjectDisposedException.ThrowIf(abandoned, typeof(MemoryDuplexStream));
                left = segments.TryPeek(out var first) ? Until(first.Arrival) : completed ? Until(end) : null;
                if (first is not null && left <= TimeSpan.Zero)
                {
                    taken = Take(buffer.Span);
                    told = taken > 0 ? TakeWaiters() : told;
                }

                if (left is null || left > TimeSpan.Zero || (first is not null && taken == 0 && !buffer.IsEmpty))
                {
                    waiters.Add(waiter = NewWaiter());      // also where less is left than a TimeSpan can tell
                }
            }

            Tell(told);
            if (waiter is null)
            {
                return taken;
            }

            await Wait(waiter, left, cancellationToken);
        }
    }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        bool lockstep = options.Capacity == 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TaskCompletionSource? waiter = null;
            List<TaskCompletionSource> told = [];
            lock (gate)
            {
                ThrowIfReset();
                ObjectDisposedException.ThrowIf(closed, typeof(MemoryDuplexStream));
                if (completed)
                {
                    throw new IOException("This direction of the connection was shut down.", new SocketException((int)SocketError.Shutdown));
                }

                if (abandoned)
                {
                    throw new IOException("The other side has closed the connection.", new SocketException((int)SocketError.ConnectionAborted));
                }

                int room = lockstep ? buffer.Length : Math.Min(buffer.Length, options.Capacity - buffered);
                if (room > 0)
                {
                    segments.Enqueue(new MemorySegment(buffer[..room].Span, Arrival));
                    buffered += room;
                    buffer = buffer[room..];
                    told = TakeWaiters();
                }

                if (!buffer.IsEmpty || (lockstep && buffered > 0))
                {
                    waiters.Add(waiter = NewWaiter());
                }
            }

            Tell(told);
            if (waiter is null)
            {
                return;
            }

            await Wait(waiter, null, cancellationToken);
        }
    }

    private long Arrival
    {
        get
        {
            long now = time.GetTimestamp();
            return now + (long)Int128.Min((Int128)options.Delay.Ticks * time.TimestampFrequency / TimeSpan.TicksPerSecond, long.MaxValue - now);
        }
    }

    private TimeSpan Until(long arrival) => time.GetElapsedTime(time.GetTimestamp(), arrival);

    // Cancelled by a registration of its own: through WaitAsync it would go through the thread pool. To the tick: Task.Delay knows whole milliseconds only, and
    // a virtual clock would stand still for the rest.
    private async Task Wait(TaskCompletionSource waiter, TimeSpan? left, CancellationToken cancellationToken)
    {
        var registration = cancellationToken.UnsafeRegister(
            static (waiter, token) => ((TaskCompletionSource)waiter!).TrySetCanceled(token), waiter);
        ITimer? timer = null;
        try
        {
            if (left is { } delay)
            {
                var due = delay > TimeSpan.Zero ? delay : TimeSpan.Zero;
                timer = time.CreateTimer(static waiter => ((TaskCompletionSource)waiter!).TrySetResult(), waiter, due, Timeout.InfiniteTimeSpan);
            }

            await waiter.Task;
        }
        finally
        {
            timer?.Dispose();
            registration.Unregister();
            lock (gate)
            {
                waiters.Remove(waiter);
            }
        }
    }

    /// <summary>The writer has no more.</summary>
    /// <param name="closes">Whether it has closed.</param>
    internal void Complete(bool closes)
    {
        List<TaskCompletionSource> told;
        lock (gate)
        {
            end = completed ? end : Arrival;
            completed = true;
            closed |= closes;
            told = TakeWaiters();
        }

        Tell(told);
    }

    /// <summary>The reader wants no more.</summary>
    internal void Abandon() => Change(ref abandoned);

    internal void Reset() => Change(ref reset);

    private void Change(ref bool state)
    {
        List<TaskCompletionSource> told;
        lock (gate)
        {
            state = true;
            told = TakeWaiters();
        }

        Tell(told);
    }

    private int Take(Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return 0;
        }

        int most = options.ChunkSizes is { } sizes ? sizes[reads++ % sizes.Count] : int.MaxValue;
        most = Math.Min(most, destination.Length);
        int taken = 0;
        long now = time.GetTimestamp();
        while (taken < most && segments.TryPeek(out var first) && first.Arrival <= now)
        {
            int count = Math.Min(most - taken, first.Left);
            first.CopyTo(destination[taken..], count);
            taken += count;
            if (first.Left == 0)
            {
                segments.Dequeue();
            }
        }

        buffered -= taken;
        return taken;
    }

    // Under the lock: who is to be told afterwards that something has changed.
    private List<TaskCompletionSource> TakeWaiters()
    {
        var told = waiters;
        waiters = [];
        return told;
    }

    // Not under the lock: the contexts that are posted to may be foreign.
    private static void Tell(List<TaskCompletionSource> told)
    {
        foreach (var waiter in told)
        {
            waiter.TrySetResult();
        }
    }

    private void ThrowIfReset()
    {
        if (reset)
        {
            throw new IOException("The connection was reset.", new SocketException((int)SocketError.ConnectionReset));
        }
    }

    // Asynchronous, so that who waits goes on in its own turn and not inside the other side's call.
    private static TaskCompletionSource NewWaiter() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
