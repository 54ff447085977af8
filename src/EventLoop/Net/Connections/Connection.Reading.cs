using EventLoop.Net.Connections;

namespace EventLoop.Net;

// Reading: bytes, exact counts, up to delimiters, lines.
public sealed partial class Connection
{
    /// <summary>The limit of reads that are given none.</summary>
    public const int DefaultLimit = 64 * 1024;

    /// <summary>Reads some of what has arrived. asyncio: <c>read(n)</c>.</summary>
    /// <param name="buffer">If empty, waits until there is something, or the end.</param>
    /// <returns>The number of bytes; zero at the peer's end.</returns>
    /// <exception cref="IOException">The connection was reset; the endpoint is in the message.</exception>
    /// <exception cref="ObjectDisposedException">The pipe was closed from this side.</exception>
    /// <exception cref="InvalidOperationException">Another read is pending.</exception>
    public Coroutine<int> ReadAsync(Memory<byte> buffer)
    {
        var operation = InputOperation.Rent(input, InputKind.Receive, buffer);
        return new Coroutine<int>(operation, operation.Version);
    }

    /// <summary>Fills <paramref name="buffer"/>. asyncio: <c>readexactly</c>.</summary>
    /// <param name="buffer">Left unchanged until everything has arrived.</param>
    /// <exception cref="IncompleteReadException">The connection ended first.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine ReadExactlyAsync(Memory<byte> buffer) => StreamReading.ReadExactlyAsync(input, buffer);

    /// <summary>Reads exactly <paramref name="count"/> bytes. asyncio: <c>readexactly</c>.</summary>
    /// <param name="count">How many bytes; they are allocated once they have arrived, not before.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="IncompleteReadException">The connection ended first.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<byte[]> ReadExactlyAsync(int count) => StreamReading.ReadExactlyAsync(input, count);

    /// <summary>Reads up to a delimiter. asyncio: <c>readuntil</c>.</summary>
    /// <param name="delimiter">Not empty.</param>
    /// <param name="limit">The most bytes that may precede it.</param>
    /// <returns>The bytes, including the delimiter.</returns>
    /// <exception cref="IncompleteReadException">The connection ended first.</exception>
    /// <exception cref="LimitOverrunException">There was no delimiter within the limit; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<byte[]> ReadUntilAsync(ReadOnlyMemory<byte> delimiter, int limit = DefaultLimit) => StreamReading.ReadUntilAsync(input, delimiter, limit);

    /// <summary>Reads a line of UTF-8, without its end. asyncio: <c>readline</c>.</summary>
    /// <param name="limit">The most bytes that a line may have, not counting its end.</param>
    /// <returns>The line without its LF or CR LF; also a last line that has none; null at the end.</returns>
    /// <exception cref="LimitOverrunException">The line is longer; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<string?> ReadLineAsync(int limit = DefaultLimit) => StreamReading.ReadLineAsync(input, limit);

    /// <summary>Reads everything until the peer's end. asyncio: <c>read(-1)</c>.</summary>
    /// <param name="limit">The most bytes that may come.</param>
    /// <returns>Everything.</returns>
    /// <exception cref="LimitOverrunException">More came; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine<byte[]> ReadToEndAsync(int limit = int.MaxValue) => StreamReading.ReadToEndAsync(input, limit);
}
