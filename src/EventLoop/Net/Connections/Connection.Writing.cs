using EventLoop.Native;
using EventLoop.Net.Connections;
using EventLoop.Scheduling;

namespace EventLoop.Net;

// Sending: bytes, texts, files.
public sealed partial class Connection
{
    /// <summary>Sends <paramref name="bytes"/> after what was written before, and waits while too much is unsent.</summary>
    /// <param name="bytes">Must not change until the send has completed.</param>
    /// <returns>The number of bytes: all.</returns>
    /// <exception cref="IOException">The connection is broken; the endpoint is in the message.</exception>
    /// <exception cref="ObjectDisposedException">The pipe was closed from this side.</exception>
    public Coroutine<int> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        var operation = OutputOperation.Rent(output, bytes);
        return new Coroutine<int>(operation, operation.Version);
    }

    /// <summary>Sends a text in UTF-8.</summary>
    /// <param name="text">The caller adds line ends.</param>
    /// <returns>The number of bytes.</returns>
    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})" path="/exception"/>
    public Coroutine<int> WriteAsync(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Sends what was written to <see cref="Output"/>, and waits while too much is unsent. asyncio: <c>drain</c>.</summary>
    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})" path="/exception"/>
    public Coroutine FlushAsync() => WriteAsync(ReadOnlyMemory<byte>.Empty);

    /// <summary>Sends what was written and waits until the system has taken all of it.</summary>
    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})" path="/exception"/>
    public Coroutine DrainAsync() => Transport.SendsDirectly ? DrainOutput() : DrainWithTransport();

    private Coroutine DrainOutput()
    {
        var operation = OutputOperation.Rent(output, default, drain: true);
        return new Coroutine<int>(operation, operation.Version);
    }

    // What TLS has accepted is in the connection below.
    private async Coroutine DrainWithTransport()
    {
        await DrainOutput();
        await Transport.DrainAsync();
    }

    /// <summary>Ends the sending direction after what was written; receiving continues. asyncio: <c>write_eof</c>.</summary>
    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})" path="/exception"/>
    public async Coroutine ShutdownWriteAsync()
    {
        await DrainAsync();
        output.Complete();
    }

    /// <summary>Sends part of a file after what was written: directly from the system's memory, unless there is TLS.</summary>
    /// <param name="file">Its own position is neither used nor moved.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="count">How many bytes.</param>
    /// <returns>How many bytes were sent: fewer than requested if the file ends earlier.</returns>
    /// <remarks>
    /// What is not in the system's memory is read into it by the default executor before it is sent, so that a slow disk does not stop the loop; where the
    /// system does not say what is in memory (overlay, network), only for a <see cref="IO.LoopFile"/>, and for one from a cache once in its validity period. A
    /// file that the system cannot send by itself (as in <c>/proc</c>) is read and sent. If the file fails before its first byte was sent, the connection
    /// remains usable.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The part begins or ends where no file can.</exception>
    /// <exception cref="IOException">The file cannot be read, or the connection is broken.</exception>
    /// <exception cref="NotSupportedException">The handle is a pipe or a terminal.</exception>
    /// <exception cref="ObjectDisposedException">The file or the connection is closed.</exception>
    public Coroutine<long> SendFileAsync(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, long count)
    {
        ArgumentNullException.ThrowIfNull(file);
        Native.FileReads.CheckRange(offset, count);
        return SendFile(file, null, offset, count);
    }

    /// <inheritdoc cref="SendFileAsync(Microsoft.Win32.SafeHandles.SafeFileHandle, long, long)"/>
    public Coroutine<long> SendFileAsync(IO.LoopFile file, long offset, long count)
    {
        ArgumentNullException.ThrowIfNull(file);
        Native.FileReads.CheckRange(offset, count);
        return SendFile(file.Handle, file, offset, count);
    }

    private async Coroutine<long> SendFile(Microsoft.Win32.SafeHandles.SafeFileHandle file, IO.LoopFile? known, long offset, long count)
    {
        var turn = OutputOperation.Rent(output, default, drain: true, reserves: true);
        await new Coroutine<int>(turn, turn.Version);
        Exception? broken = null;
        long sent = 0;
        try
        {
            if (Transport.SendsDirectly)
            {
                for (long step; (step = Math.Min(count - sent, LargestFileStep)) > 0;)
                {
                    if (!(known is null ? Native.CachedFile.IsAtHand(file, offset + sent, step) ?? true : known.IsAtHand(offset + sent, step) ?? false))
                    {
                        long from = offset + sent;
                        await Loop.ToThread(() => Native.FileReads.BringIn(file, from, step));
                        known?.NoteBroughtIn();
                    }

                    long part = await socket.SendFileAsync(file, offset + sent, step);
                    sent += part;
                    if (part < step)
                    {
                        break;
                    }
                }

                return sent;
            }

            byte[] block = new byte[Math.Min(OutputPipe.HighWater, count)];
            while (sent < count && await SendPartAsync(file, offset + sent, block.AsMemory(0, (int)Math.Min(block.Length, count - sent))) is > 0 and var part)
            {
                sent += part;
            }

            return sent;
        }
        catch (System.Net.Sockets.SocketException failure)
        {
            broken = new IOException(failure.Message, failure);
            throw broken;
        }
        catch (Exception failure) when (Math.Max(sent, output.Transferred) is > 0 and var gone && gone < count)
        {
            broken = new IOException($"Only {gone} of {count} bytes of a file were sent; the stream cannot go on.", failure);
            throw;
        }
        finally
        {
            output.EndTransfer(broken ?? socket.SendingBroken);
        }
    }

    // Through this process: with TLS there is no other way. What the pipe was given of it goes out, also where this wait is cancelled.
    private async Coroutine<int> SendPartAsync(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, Memory<byte> block)
    {
        int read = await Loop.ToThread(() => Native.FileReads.Read(file, block.Span, offset));
        var write = OutputOperation.Rent(output, block[..read], ofTransfer: true);
        return await new Coroutine<int>(write, write.Version);
    }
}
