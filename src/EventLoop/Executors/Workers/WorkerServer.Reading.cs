using System.Buffers;
using EventLoop.Native;

namespace EventLoop.Executors.Workers;

// Reading: usually done by the thread that works, between two pieces of work, so that no piece costs a hop. While a piece takes long the other thread reads;
// it passes on what it has read, and its turn ends when there is no long work any more.
internal sealed partial class WorkerServer
{
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(5);      // a cancellation is noticed no later than this

    private readonly Lock reading = new();                                 // held by the reader
    private Queue<Arrival>? arrived;                                       // guarded by gate; read by the other thread; null: nothing ever was
    private readonly SemaphoreSlim handedOn = new(0);                      // the first thread waits for the other's turn to bring something, or to end
    private readonly SemaphoreSlim awake = new(0);                         // the other thread waits for work to begin
    private long begun;                                                    // of the first thread: odd while it works
    private int isAsleep;                                                  // interlocked: the other thread waits until it is woken
    private bool isWatching;                                               // the first thread's

    private void WorkBegins()
    {
        Interlocked.Increment(ref begun);
        if (Volatile.Read(ref isAsleep) != 0 && Interlocked.Exchange(ref isAsleep, 0) != 0)
        {
            awake.Release();
        }
    }

    // The other thread is started with the first piece of work, because a start is to be quick.
    private void WatchFromNowOn()
    {
        if (!isWatching)
        {
            isWatching = true;
            StartWatching();
        }
    }

    private void StartWatching() => new Thread(WatchLongWork) { IsBackground = true, Name = "EventLoop worker's reader" }.UnsafeStart();

    private void WorkEnds() => Interlocked.Increment(ref begun);

    // On the first thread.
    private Arrival Take()
    {
        while (true)
        {
            if (reading.TryEnter())
            {
                try
                {
                    if (TryTakeHandedOn(out var handed))
                    {
                        return handed;
                    }

                    if (ReadFrame() is { } own)
                    {
                        return own;
                    }
                }
                finally
                {
                    reading.Exit();
                }
            }
            else if (TryTakeHandedOn(out var handed))
            {
                return handed;
            }
            else
            {
                handedOn.Wait();
            }
        }
    }

    private bool TryTakeHandedOn(out Arrival arrival)
    {
        lock (gate)
        {
            arrival = default;
            return arrived is not null && TryDequeue(out arrival);
        }
    }

    private bool TryDequeue(out Arrival arrival) => arrived!.TryDequeue(out arrival);

    // On a thread of its own: checks from time to time while there is work, and reads while one piece of it takes long.
    private void WatchLongWork()
    {
        long seen = 0;
        while (true)
        {
            Thread.Sleep(Long);
            long now = Interlocked.Read(ref begun);
            if (now != seen)
            {
                seen = now;
            }
            else if (now % 2 != 0)
            {
                ReadWhile(now);
            }
            else
            {
                Volatile.Write(ref isAsleep, 1);
                Interlocked.MemoryBarrier();
                if (Interlocked.Read(ref begun) != now && Interlocked.Exchange(ref isAsleep, 0) != 0)
                {
                    continue;
                }

                awake.Wait();
            }
        }
    }

    private void ReadWhile(long work)
    {
        if (!reading.TryEnter())
        {
            return;      // the work has just ended
        }

        try
        {
            do
            {
                if (ReadFrame() is { } arrival && !TryReturn(arrival))
                {
                    lock (gate)
                    {
                        (arrived ??= []).Enqueue(arrival);
                    }
                }
            }
            while (Interlocked.Read(ref begun) == work);
        }
        finally
        {
            reading.Exit();
            handedOn.Release();
        }
    }

    // Work that was sent ahead, behind work that takes long: another worker may have time for it. This is said before the answer to the long work is, so that
    // the pool never takes it for begun; and of everything that has not begun in the order in which it was sent, which is the order in which it would begin.
    private bool TryReturn(Arrival arrival)
    {
        if (!IsWork(arrival))
        {
            return false;
        }

        lock (writing)
        {
            if (!isAtWork)
            {
                return false;
            }

            foreach (var earlier in TakeUnbegun())
            {
                Return(earlier);
            }

            Return(arrival);
        }

        return true;
    }

    // Holds the lock of writing, without which the first thread takes no more: it has to answer first.
    private List<Arrival> TakeUnbegun()
    {
        List<Arrival> unbegun = [];
        lock (gate)
        {
            for (int left = arrived?.Count ?? 0; left > 0; left--)
            {
                var next = arrived!.Dequeue();
                if (IsWork(next))
                {
                    unbegun.Add(next);
                }
                else
                {
                    arrived.Enqueue(next);
                }
            }
        }

        return unbegun;
    }

    private void Return(Arrival work)
    {
        using var frame = new FrameWriter();
        Write(frame, FrameKind.Returned, work.Id);
        Drop(work);
    }

    private static bool IsWork(Arrival arrival) => arrival.Kind is FrameKind.Work or FrameKind.WorkChunk;

    private static void Drop(Arrival arrival)
    {
        if (arrival.Bytes is { } bytes)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    // Null: it was a cancellation, which has been handled.
    private Arrival? ReadFrame()
    {
        Span<byte> head = stackalloc byte[FrameWriter.Head];
        if (!socket.Read(head))
        {
            WorkerSocket.EndProcess();
        }

        var reader = new FrameReader(head);
        int length = reader.ReadInt32();
        var kind = (FrameKind)reader.ReadBytes(1)[0];
        int id = reader.ReadInt32();
        if (kind == FrameKind.Cancel)
        {
            Cancel(id);
            return null;
        }

        var bytes = TryRent(length);
        if (bytes is null ? !Skip(length) : !socket.Read(bytes.AsSpan(0, length)))
        {
            WorkerSocket.EndProcess();
        }

        return new Arrival(kind, id, bytes, length);
    }

    private static byte[]? TryRent(int length)
    {
        try
        {
            return ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    private bool Skip(int length)
    {
        Span<byte> block = stackalloc byte[4096];
        bool isThere = true;
        for (; isThere && length > 0; length -= block.Length)
        {
            isThere = socket.Read(block[..Math.Min(length, block.Length)]);
        }

        return isThere;
    }
}
