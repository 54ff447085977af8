using System.Net.Security;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Tls;

/// <summary>
/// TLS between a connection's pipes and the connection below. A call of the SslStream that does not complete at once is kept and asked again, so that a
/// cancelled read or write gives up its wait and not the call, no byte is lost, and the stream stays intact.
/// </summary>
internal sealed class TlsTransport : Transport
{
    private const int Broken = int.MinValue;
    private const int None = -1;

    private readonly SslStream ssl;
    private readonly Connection below;
    private readonly bool allowTruncation;
    private readonly LoopCore core;
    private readonly Action onRead;
    private readonly Action onWritten;

    private ValueTask<int> reading;          // pending while readPending
    private ValueTask writing;
    private bool readPending;
    private bool writePending;
    private bool somethingIsThere;           // an empty read has completed: the next one will not wait
    private bool ended;
    private int received = None;             // by a read that had to wait
    private Memory<byte> filled;             // the memory that such a read was given, while it is in use
    private int sending;                     // bytes of the pending write
    private int sent = None;
    private Exception? readFailure;
    private Exception? writeFailure;
    private SocketWaiter? reader;
    private SocketWaiter? writer;
    private Task? goodbye;
    private bool closed;

    internal TlsTransport(SslStream ssl, Connection below, bool allowTruncation)
    {
        this.ssl = ssl;
        this.below = below;
        this.allowTruncation = allowTruncation;
        core = below.Core;
        onRead = () => OnLoop(static tls => tls.EndRead());
        onWritten = () => OnLoop(static tls => tls.EndWrite());
    }

    internal SslStream Ssl => ssl;

    /// <summary>Whether the handshake is over; until then reads and writes wait.</summary>
    internal bool IsReady { get; private set; }

    internal override bool SendsDirectly => false;

    internal override bool HoldsBuffer { get; private protected set; }

    internal override bool HoldsOutput => writePending;

    internal override bool MayReceive => IsReady && !readPending;

    /// <summary>The handshake has succeeded.</summary>
    internal void BeReady() => IsReady = true;

    internal override int TryReceive(Memory<byte> buffer)
    {
        if (received != None)
        {
            return Deliver(buffer);
        }

        if (readFailure is not null)
        {
            return Broken;
        }

        if (readPending || !IsReady)
        {
            return StreamDevice.WouldBlock;
        }

        if (ended)
        {
            return 0;
        }

        try
        {
            // First waits without a buffer: an idle connection holds none.
            if (!somethingIsThere)
            {
                var waiting = ssl.ReadAsync(Memory<byte>.Empty);
                if (!waiting.IsCompleted)
                {
                    return KeepReading(waiting, default);
                }

                _ = waiting.GetAwaiter().GetResult();
            }

            somethingIsThere = false;
            var read = ssl.ReadAsync(buffer);
            if (!read.IsCompleted)
            {
                return KeepReading(read, buffer);
            }

            int count = read.GetAwaiter().GetResult();
            NoteEnd(count);
            return count;
        }
        catch (Exception failure)
        {
            readFailure = failure;
            return Broken;
        }
    }

    internal override int TrySend(ReadOnlyMemory<byte> bytes)
    {
        if (sent != None)
        {
            (int count, sent) = (sent, None);
            return count;
        }

        if (writeFailure is not null)
        {
            return Broken;
        }

        if (writePending || !IsReady)
        {
            return StreamDevice.WouldBlock;
        }

        try
        {
            var write = ssl.WriteAsync(bytes);
            if (write.IsCompleted)
            {
                write.GetAwaiter().GetResult();
                return bytes.Length;
            }

            writePending = true;
            sending = bytes.Length;
            writing = write;
            write.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(onWritten);
            return StreamDevice.WouldBlock;
        }
        catch (Exception failure)
        {
            writeFailure = failure;
            return Broken;
        }
    }

    internal override int TrySend(BufferSegment first, int start) => TrySend(first.Memory[start..]);

    internal override Exception? Wait(SocketWaiter waiter, bool reads)
    {
        if (below.IsClosed)
        {
            return below.ClosedException();
        }

        if (reads)
        {
            reader = waiter;
            if (readPending)
            {
                below.In.Resume();
            }
        }
        else
        {
            writer = waiter;
        }

        return null;
    }

    internal override void Leave(SocketWaiter waiter, bool reads)
    {
        if (reads && ReferenceEquals(reader, waiter))
        {
            reader = null;
            if (readPending)
            {
                below.In.Pause();       // the call stays pending, and nobody is notified of its end before somebody reads again
            }
        }
        else if (!reads && ReferenceEquals(writer, waiter))
        {
            writer = null;
        }
    }

    internal override Exception Explain(int error, bool reads)
    {
        var cause = (reads ? readFailure : writeFailure)!;
        return closed ? below.ClosedException()
            : cause.Message.Contains(below.Peer, StringComparison.Ordinal) ? new IOException(cause.Message, cause)
            : new IOException($"TLS with {below.Peer} failed: {cause.Message}", cause);
    }

    internal override void ShutdownSend() => goodbye ??= SayGoodbye();

    internal override void Cut() => below.Cut();

    internal override bool TryClose()
    {
        closed = true;
        return false;
    }

    internal override long Unsent => below.UnsentBytes;

    internal override Coroutine DrainAsync() => below.DrainAsync();

    internal override async Coroutine CloseAsync(ClosePatience patience)
    {
        closed = true;
        try
        {
            goodbye ??= SayGoodbye();
            await patience.WaitFor(goodbye.OnLoop);
            await below.CloseAsync(patience);
        }
        catch (TimeoutException)
        {
            // The peer accepts nothing any more.
        }
        finally
        {
            Abort();
        }
    }

    internal override void Abort()
    {
        closed = true;
        below.CloseNow(abort: true);
        ssl.Dispose();
    }

    // Raw: it runs in whatever step completes what it waits for, and touches nothing of a task.
    private async Task SayGoodbye()
    {
        try
        {
            await ssl.ShutdownAsync().ConfigureAwait(false);
            below.Out.Complete();
        }
        catch (Exception late) when (IsLate(late))
        {
            // The other side has gone, or a write was given up and is still pending; the reader will see that.
        }
    }

    private static bool IsLate(Exception failure) =>
        failure is IOException or ObjectDisposedException or InvalidOperationException or NotSupportedException or System.ComponentModel.Win32Exception;

    // Without TLS's close_notify anybody may have caused the end: after a close_notify the connection below has not met its end yet.
    private void NoteEnd(int count)
    {
        if (count > 0)
        {
            return;
        }

        if (below.In.HasEnded && !allowTruncation)
        {
            throw new IOException($"The connection to {below.Peer} ended without TLS's goodbye (close_notify), so what was received may have been cut. "
                + "StartTlsAsync takes allowTruncation: true for peers that never send it.");
        }

        ended = true;
    }

    // Into this memory if it is not the same, which it should be: nobody gets what is in memory that was never filled.
    private int Deliver(Memory<byte> buffer)
    {
        int count = Math.Min(received, buffer.Length);
        if (!filled.Equals(buffer))
        {
            filled.Span[..count].CopyTo(buffer.Span);
        }

        bool isAll = count == received;
        received = isAll ? None : received - count;
        filled = isAll ? default : filled[count..];
        HoldsBuffer = !isAll;
        return count;
    }

    private int KeepReading(ValueTask<int> call, Memory<byte> into)
    {
        readPending = true;
        filled = into;
        HoldsBuffer = !into.IsEmpty;
        reading = call;
        call.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(onRead);
        return StreamDevice.WouldBlock;
    }

    private void EndRead()
    {
        readPending = false;
        try
        {
            int count = reading.GetAwaiter().GetResult();
            if (HoldsBuffer)
            {
                NoteEnd(count);
                received = count;
            }
            else
            {
                somethingIsThere = true;
            }
        }
        catch (Exception failure)
        {
            HoldsBuffer = false;
            filled = default;
            readFailure = failure;
        }

        reading = default;
        if (reader is { } waiter)
        {
            reader = null;
            if (!waiter.TryAgain())
            {
                reader = waiter;
            }
        }
    }

    private void EndWrite()
    {
        writePending = false;
        try
        {
            writing.GetAwaiter().GetResult();
            sent = sending;
        }
        catch (Exception failure)
        {
            writeFailure = failure;
        }

        writing = default;
        if (writer is { } waiter)
        {
            writer = null;
            if (!waiter.TryAgain())
            {
                writer = waiter;
            }
        }
    }

    private void OnLoop(Action<TlsTransport> action)
    {
        if (ReferenceEquals(LoopCore.Running, core))
        {
            action(this);
        }
        else
        {
            core.TryPost(CallbackItem<TlsTransport>.Create(action, this, core.BaseContext));
        }
    }
}
