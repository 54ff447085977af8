using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using EventLoop.Net.Connections;
using EventLoop.Net.Pipes;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop;

/// <summary>The reading end of a pipe or terminal. asyncio: <c>StreamReader</c>, <c>connect_read_pipe</c>; Trio: <c>ReceiveStream</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, for everything except <see cref="DisposeAsync"/> and the stream of <see cref="AsStream"/>. One reader at a time.</para>
/// <para><b>Cancellation:</b> a cancelled read has consumed nothing. <b>Cost:</b> as for a connection: reads allocate nothing, and a waiting read holds no
/// buffer.</para>
/// </remarks>
public sealed class ReceivePipe : IAsyncDisposable, INamed
{
    private readonly PipeEnd end;

    object INamed.Resource => end;
    private readonly Encoding encoding;
    private Stream? stream;

    /// <summary>Takes over a descriptor that can be polled.</summary>
    /// <param name="handle">
    /// Becomes non-blocking for everybody who shares it, so do not pass this process's own standard input if a shell shares it. It is closed together with
    /// this object.
    /// </param>
    /// <exception cref="IOException">The handle cannot be polled; usually a regular file.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    /// <exception cref="PlatformNotSupportedException">The loop's poller is the portable one.</exception>
    public ReceivePipe(SafeFileHandle handle)
        : this(PipeEnd.Watched(PipeEnd.ForReading(LoopCore.Required, PipeDevices.Adopt(handle), PipeDevices.NameOf(handle)), handle), PipeEncoding.Utf8)
    {
    }

    internal ReceivePipe(PipeEnd end, Encoding encoding)
    {
        this.end = end;
        this.encoding = encoding;
    }

    /// <summary>The input as a <see cref="PipeReader"/> that completes on the loop's thread.</summary>
    public PipeReader Reader => Input;

    /// <summary>Whether it was ended by <see cref="ProcessCommand.DrainTimeout"/> and not by its real end.</summary>
    public bool IsCutOff => end.IsCutOff;

    internal InputPipe Input => end.Input!;

    internal string Name => end.Peer;

    internal Encoding Encoding => encoding;

    /// <summary>Reads some of what has arrived. asyncio: <c>read(n)</c>.</summary>
    /// <param name="buffer">If empty, waits until there is something, or the end.</param>
    /// <returns>The number of bytes; zero at the end.</returns>
    /// <exception cref="IOException">The pipe cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The pipe was closed from this side.</exception>
    /// <exception cref="InvalidOperationException">Another read is pending.</exception>
    public Coroutine<int> ReadAsync(Memory<byte> buffer)
    {
        var operation = InputOperation.Rent(Input, InputKind.Receive, buffer);
        return new Coroutine<int>(operation, operation.Version);
    }

    /// <summary>Reads exactly <paramref name="count"/> bytes. asyncio: <c>readexactly</c>.</summary>
    /// <param name="count">How many bytes; they are allocated once they have arrived, not before.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="Net.IncompleteReadException">The end came first.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<byte[]> ReadExactlyAsync(int count) => StreamReading.ReadExactlyAsync(Input, count);

    /// <summary>Reads up to a delimiter. asyncio: <c>readuntil</c>.</summary>
    /// <param name="delimiter">Not empty.</param>
    /// <param name="limit">The most bytes that may precede it.</param>
    /// <returns>The bytes, including the delimiter.</returns>
    /// <exception cref="Net.IncompleteReadException">The end came first.</exception>
    /// <exception cref="Net.LimitOverrunException">There was no delimiter within the limit; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<byte[]> ReadUntilAsync(ReadOnlyMemory<byte> delimiter, int limit = 64 * 1024) => StreamReading.ReadUntilAsync(Input, delimiter, limit);

    /// <summary>Reads a line, in UTF-8 or the command's <see cref="ProcessCommand.Encoding"/>. asyncio: <c>readline</c>.</summary>
    /// <param name="limit">The most bytes that a line may have, not counting its end.</param>
    /// <returns>The line without its LF or CR LF; also a last line that has none; null at the end.</returns>
    /// <exception cref="Net.LimitOverrunException">The line is longer; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<string?> ReadLineAsync(int limit = 64 * 1024) => StreamReading.ReadLineAsync(Input, limit, encoding);

    /// <summary>Reads line by line until the end.</summary>
    /// <param name="limit">The most bytes that a line may have, not counting its end.</param>
    /// <exception cref="Net.LimitOverrunException">A line is longer; it is not consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public IAsyncEnumerable<string> ReadLinesAsync(int limit = 64 * 1024) => ReadLines(limit);

    /// <summary>Reads everything until the end. asyncio: <c>read(-1)</c>.</summary>
    /// <param name="limit">The most bytes that may come.</param>
    /// <returns>Everything.</returns>
    /// <exception cref="Net.LimitOverrunException">More came; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<byte[]> ReadToEndAsync(int limit = int.MaxValue) => StreamReading.ReadToEndAsync(Input, limit);

    /// <summary>Reads a text until the end.</summary>
    /// <param name="limit">The most bytes that may come.</param>
    /// <returns>The whole text; invalid input is replaced.</returns>
    /// <inheritdoc cref="ReadToEndAsync" path="/exception"/>
    public async Coroutine<string> ReadTextAsync(int limit = int.MaxValue) => PipeEncoding.Decode(encoding, await StreamReading.ReadToEndAsync(Input, limit));

    /// <summary>The pipe as a stream, for libraries that need one; it may be used from any thread, and disposing it closes the pipe.</summary>
    public Stream AsStream() => stream ??= new PipeStream(end, Input, null, raw: false);

    /// <summary>Closes the pipe. Idempotent; any thread.</summary>
    public ValueTask DisposeAsync() => end.DisposeAsync();

    /// <inheritdoc/>
    public override string ToString() => $"{(end.IsClosed ? "closed pipe" : "pipe")} from {end.Peer}";

    /// <summary>Makes it end after what is in it now.</summary>
    internal void CutOff() => end.CutOff();

    /// <summary>For output that turns out to be large.</summary>
    internal void Enlarge(int size) => end.Enlarge(size);

    internal void Close() => end.CloseNow();

    private async IAsyncEnumerable<string> ReadLines(int limit, [EnumeratorCancellation] CancellationToken token = default)
    {
        while (await Loop.WaitWith(ReadLineAsync(limit), token) is { } line)
        {
            yield return line;
        }
    }
}
