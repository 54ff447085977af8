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
    private TaskCompletionSource changed = NewSignal();      // replaced whenever something has changed
    private int buffered;
    private int reads;
    private bool completed;       // the writer has closed
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
            Task wait;
            lock (gate)
            {
                ThrowIfReset();
                ObjectDisposedException.ThrowIf(abandoned, typeof(MemoryDuplexStream));
                if (segments.TryPeek(out var first))
                {
                    var left = time.GetElapsedTime(time.GetTimestamp(), first.Arrival);
                    if (left <= TimeSpan.Zero)
                    {
                        return Take(buffer.Span);
                    }

                    wait = Delay(left, cancellationToken);
                }
                else if (completed)
                {
                    return 0;
                }
                else
                {
                    wait = changed.Task.WaitAsync(cancellationToken);
                }
            }

            await wait;
        }
    }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        bool lockstep = options.Capacity == 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task wait;
            lock (gate)
            {
                ThrowIfReset();
                ObjectDisposedException.ThrowIf(completed, typeof(MemoryDuplexStream));
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
                    Signal();
                }

                if (buffer.IsEmpty && (!lockstep || buffered == 0))
                {
                    return;
                }

                wait = changed.Task.WaitAsync(cancellationToken);
            }

            await wait;
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

    // To the tick: Task.Delay knows whole milliseconds only, and a virtual clock would stand still for the rest.
    private async Task Delay(TimeSpan left, CancellationToken cancellationToken)
    {
        var reached = NewSignal();
        await using var timer = time.CreateTimer(static signal => ((TaskCompletionSource)signal!).TrySetResult(), reached, left, Timeout.InfiniteTimeSpan);
        await reached.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The writer has no more.</summary>
    internal void Complete() => Change(ref completed);

    /// <summary>The reader wants no more.</summary>
    internal void Abandon() => Change(ref abandoned);

    internal void Reset() => Change(ref reset);

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
        Signal();
        return taken;
    }

    private void Change(ref bool state)
    {
        lock (gate)
        {
            state = true;
            Signal();
        }
    }

    private void Signal()
    {
        var told = changed;
        changed = NewSignal();
        told.SetResult();
    }

    private void ThrowIfReset()
    {
        if (reset)
        {
            throw new IOException("The connection was reset.", new SocketException((int)SocketError.ConnectionReset));
        }
    }

    // Asynchronous, so that no foreign code runs under the lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
