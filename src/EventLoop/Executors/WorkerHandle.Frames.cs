using System.Buffers;
using System.Diagnostics;
using EventLoop.Executors.Workers;
using EventLoop.Net;

namespace EventLoop.Executors;

// Messages between the pool and its worker.
internal sealed partial class WorkerHandle
{
    private async Coroutine ReadFrames(Connection from)
    {
        const int usual = 16 * 1024;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(usual);
        int start = 0, end = 0;
        try
        {
            while (true)
            {
                int wanted = FrameWriter.Head;
                while (end - start >= wanted)
                {
                    var (length, kind, about) = HeadOf(buffer.AsSpan(start));
                    wanted = checked(FrameWriter.Head + length);
                    if (end - start >= wanted)
                    {
                        OnFrame(kind, about, buffer.AsSpan(start + FrameWriter.Head, length));
                        start += wanted;
                        wanted = FrameWriter.Head;
                    }
                }

                if (start == end && buffer.Length > usual * 4 && wanted <= usual)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(usual);
                    start = end = 0;
                }
                else if (start + wanted > buffer.Length || start == end)
                {
                    var room = wanted > buffer.Length ? ArrayPool<byte>.Shared.Rent(wanted) : buffer;
                    buffer.AsSpan(start, end - start).CopyTo(room);
                    if (!ReferenceEquals(room, buffer))
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = room;
                    }

                    (start, end) = (0, end - start);
                }

                int count = await from.ReadAsync(buffer.AsMemory(end));
                if (count == 0)
                {
                    return;
                }

                end += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static (int Length, FrameKind Kind, int Id) HeadOf(ReadOnlySpan<byte> head)
    {
        var reader = new FrameReader(head);
        return (reader.ReadInt32(), (FrameKind)reader.ReadBytes(1)[0], reader.ReadInt32());
    }

    private void OnFrame(FrameKind kind, int about, ReadOnlySpan<byte> bytes)
    {
        switch (kind)
        {
            case FrameKind.Ready:
                HasStarted = true;
                State = WorkerState.Idle;
                pool.OnReady(this);
                break;

            case FrameKind.Progress when Item is { IsDone: false } item && item.Id == about:
                try
                {
                    item.OnProgress(pool.Serializer, bytes);
                }
                catch (Exception unreadable)
                {
                    pool.FailAndGiveUp(item, unreadable);
                }

                break;

            case FrameKind.Result or FrameKind.Failure when Item is { } item && item.Id == about:
                grace?.Cancel();
                limit?.Cancel();
                long now = Stopwatch.GetTimestamp();
                NoteTime(now - item.BegunAt);
                TasksDone++;
                BeginNext(now);
                pool.OnOutcome(this, item, kind, now - item.BegunAt, bytes);
                break;

            case FrameKind.Returned:
                OnReturned(about);
                break;
        }
    }

    /// <returns>False: its end of the socket is closed.</returns>
    private bool Send(ReadOnlyMemory<byte> frame, WorkItem? work)
    {
        lastSent = work?.Id ?? 0;
        try
        {
            var write = stream!.WriteAsync(frame);
            if (!write.IsCompleted)
            {
                _ = Observe(write, work);
                return true;
            }

            write.GetAwaiter().GetResult();
            Sent(work);
            return true;
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    // Raw: it belongs to no task.
    private async Task Observe(ValueTask write, WorkItem? work)
    {
        try
        {
            await write.ConfigureAwait(false);
            Sent(work);
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // The reader meets the end.
        }
    }

    private void Sent(WorkItem? work)
    {
        if (work is not null && ReferenceEquals(work.Worker, this))
        {
            work.IsSent = true;
        }
    }
}
