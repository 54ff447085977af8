using System.Net.Security;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>
/// TLS between a connection's pipes and the connection below. An SslStream's call that does not end at once is kept and asked again: so a cancelled read or
/// write gives up its wait and not the call, no byte is lost, and the stream stays whole.
/// </summary>
internal sealed class TlsTransport : Transport
{
    private const int Broken = int.MinValue;
    private const int None = -1;

    private readonly SslStream ssl;
    private readonly Connection below;
    private readonly LoopCore core;
    private readonly Action onRead;
    private readonly Action onWritten;

    private ValueTask<int> reading;          // under way while readPending
    private ValueTask writing;
    private bool readPending;
    private bool writePending;
    private bool somethingIsThere;           // a read of nothing has ended: the next one will not wait
    private bool ended;
    private int received = None;             // of a read that had to wait, into the memory it was given
    private int sending;                     // bytes of the write that is under way
    private int sent = None;
    private Exception? readFailure;
    private Exception? writeFailure;
    private SocketWaiter? reader;
    private SocketWaiter? writer;
    private bool closed;
    private Task gone = Task.CompletedTask;

    internal TlsTransport(SslStream ssl, Connection below)
    {
        this.ssl = ssl;
        this.below = below;
        core = below.Core;
        onRead = () => OnLoop(static tls => tls.EndRead());
        onWritten = () => OnLoop(static tls => tls.EndWrite());
    }

    internal SslStream Ssl => ssl;

    internal override bool SendsDirectly => false;

    internal override bool HoldsBuffer { get; private protected set; }

    internal override bool HoldsOutput => writePending;

    internal override Task Gone => gone;

    internal override bool MayReceive => !readPending;

    internal override int TryReceive(Memory<byte> buffer)
    {
        if (received != None)
        {
            (int count, received) = (received, None);
            HoldsBuffer = false;
            return count;
        }

        if (readFailure is not null)
        {
            return Broken;
        }

        if (readPending)
        {
            return SocketDevice.WouldBlock;
        }

        if (ended)
        {
            return 0;
        }

        try
        {
            // Wait without a buffer first: an idle connection holds none.
            if (!somethingIsThere)
            {
                var waiting = ssl.ReadAsync(Memory<byte>.Empty);
                if (!waiting.IsCompleted)
                {
                    return KeepReading(waiting, holds: false);
                }

                _ = waiting.GetAwaiter().GetResult();
            }

            somethingIsThere = false;
            var read = ssl.ReadAsync(buffer);
            if (!read.IsCompleted)
            {
                return KeepReading(read, holds: true);
            }

            int count = read.GetAwaiter().GetResult();
            ended = count == 0;
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

        if (writePending)
        {
            return SocketDevice.WouldBlock;
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
            return SocketDevice.WouldBlock;
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
        }
        else if (!reads && ReferenceEquals(writer, waiter))
        {
            writer = null;
        }
    }

    internal override Exception Explain(int error, bool reads)
    {
        var cause = (reads ? readFailure : writeFailure)!;
        return closed ? below.ClosedException() : new IOException(cause.Message, cause);
    }

    internal override void ShutdownSend() => _ = SayGoodbye();

    internal override void Close(bool abort)
    {
        closed = true;
        (var receiving, reader) = (reader, null);
        (var sendingWaiter, writer) = (writer, null);
        receiving?.OnClosed(below.ClosedException());
        sendingWaiter?.OnClosed(below.ClosedException());
        if (abort)
        {
            below.Abort();
            ssl.Dispose();
        }
        else
        {
            gone = CloseAfterGoodbye();
        }
    }

    // Raw: it runs in whatever step ends what it waits for, and touches nothing of a task.
    private async Task SayGoodbye()
    {
        try
        {
            await ssl.ShutdownAsync().ConfigureAwait(false);
            below.Out.Complete();
        }
        catch (Exception late) when (IsLate(late))
        {
            // The other side has gone, or a write was given up and still stands in the way; whoever reads learns of it.
        }
    }

    private async Task CloseAfterGoodbye()
    {
        await SayGoodbye().ConfigureAwait(false);
        try
        {
            await below.DisposeAsync().ConfigureAwait(false);
            await ssl.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception late) when (IsLate(late))
        {
        }
    }

    private static bool IsLate(Exception failure) =>
        failure is IOException or ObjectDisposedException or InvalidOperationException or NotSupportedException or System.ComponentModel.Win32Exception;

    private int KeepReading(ValueTask<int> call, bool holds)
    {
        readPending = true;
        HoldsBuffer = holds;
        reading = call;
        call.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(onRead);
        return SocketDevice.WouldBlock;
    }

    private void EndRead()
    {
        readPending = false;
        try
        {
            int count = reading.GetAwaiter().GetResult();
            if (HoldsBuffer)
            {
                received = count;
                ended = count == 0;
            }
            else
            {
                somethingIsThere = true;
            }
        }
        catch (Exception failure)
        {
            HoldsBuffer = false;
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
