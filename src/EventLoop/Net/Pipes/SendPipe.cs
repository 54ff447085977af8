using System.IO.Pipelines;
using System.Text;
using EventLoop.Net.Connections;
using EventLoop.Net.Pipes;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop;

/// <summary>The writing end of a pipe or terminal. asyncio: <c>StreamWriter</c>, <c>connect_write_pipe</c>; Trio: <c>SendStream</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, for everything except <see cref="DisposeAsync"/> and the stream of <see cref="AsStream"/>.</para>
/// <para>A flush waits while more than 64 KiB are unsent. If the reader is gone, writes throw <see cref="IOException"/> ("broken pipe"); there is never a
/// signal.</para>
/// <para><b>Cancellation:</b> a cancelled write that was sent in part breaks the pipe; a cancelled flush breaks nothing.</para>
/// </remarks>
public sealed class SendPipe : IAsyncDisposable, INamed
{
    private readonly PipeEnd end;

    object INamed.Resource => end;
    private readonly Encoding encoding;
    private Stream? stream;

    /// <inheritdoc cref="ReceivePipe(SafeFileHandle)"/>
    public SendPipe(SafeFileHandle handle)
        : this(PipeEnd.Watched(PipeEnd.ForWriting(LoopCore.Required, PipeDevices.Adopt(handle), PipeDevices.NameOf(handle)), handle), PipeEncoding.Utf8)
    {
    }

    internal SendPipe(PipeEnd end, Encoding encoding)
    {
        this.end = end;
        this.encoding = encoding;
    }

    /// <summary>The output as a <see cref="PipeWriter"/> that completes on the loop's thread. Complete closes the pipe after what was written.</summary>
    public PipeWriter Writer => Output;

    internal bool IsClosed => end.IsClosed;

    private OutputPipe Output => end.Output!;

    /// <summary>Sends <paramref name="bytes"/> after what was written before, and waits while too much is unsent.</summary>
    /// <param name="bytes">Must not change until the send has completed.</param>
    /// <returns>The number of bytes: all.</returns>
    /// <exception cref="IOException">Nobody reads any more, or the pipe cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The pipe was closed from this side.</exception>
    public Coroutine<int> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        var operation = OutputOperation.Rent(Output, bytes);
        return new Coroutine<int>(operation, operation.Version);
    }

    /// <summary>Sends a text, in UTF-8 or the command's <see cref="ProcessCommand.Encoding"/>.</summary>
    /// <param name="text">The caller adds line ends.</param>
    /// <returns>The number of bytes.</returns>
    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})" path="/exception"/>
    public Coroutine<int> WriteAsync(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return WriteAsync(encoding.GetBytes(text));
    }

    /// <summary>Sends what was written to <see cref="Writer"/>, and waits while too much is unsent. asyncio: <c>drain</c>.</summary>
    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})" path="/exception"/>
    public Coroutine FlushAsync() => WriteAsync(ReadOnlyMemory<byte>.Empty);

    /// <summary>Waits until the system has taken everything, then closes: the reader sees the end. asyncio: <c>write_eof</c>.</summary>
    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})" path="/exception"/>
    public async Coroutine CompleteAsync()
    {
        if (end.IsClosed)
        {
            return;
        }

        var drain = OutputOperation.Rent(Output, default, drain: true);
        await new Coroutine<int>(drain, drain.Version);
        end.CloseNow();
    }

    /// <inheritdoc cref="ReceivePipe.AsStream"/>
    public Stream AsStream() => stream ??= new PipeStream(end, null, Output, raw: false);

    /// <summary>Closes the pipe; unsent data still goes out for at most five seconds, or is dropped when called from another thread. Idempotent; any
    /// thread.</summary>
    public ValueTask DisposeAsync() => end.DisposeAsync();

    /// <inheritdoc/>
    public override string ToString() => $"{(end.IsClosed ? "closed pipe" : "pipe")} to {end.Peer}";

    internal void Close() => end.CloseNow();
}
