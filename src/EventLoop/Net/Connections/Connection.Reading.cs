using System.Buffers;
using System.Text;
using EventLoop.Net.Connections;

namespace EventLoop.Net;

// Reading: bytes, exact counts, up to delimiters, lines.
public sealed partial class Connection
{
    /// <summary>The limit of reads that take none.</summary>
    public const int DefaultLimit = 64 * 1024;

    /// <summary>Reads something of what has come. asyncio: <c>read(n)</c>.</summary>
    /// <param name="buffer">Empty: waits until there is something, or the end.</param>
    /// <returns>How much; zero at the peer's end.</returns>
    /// <exception cref="IOException">The connection was reset; the endpoint is in the message.</exception>
    /// <exception cref="ObjectDisposedException">It was closed from this side.</exception>
    /// <exception cref="InvalidOperationException">Another read is under way.</exception>
    public Coroutine<int> ReadAsync(Memory<byte> buffer)
    {
        var operation = InputOperation.Rent(input, InputKind.Receive, buffer);
        return new Coroutine<int>(operation, operation.Version);
    }

    /// <summary>Fills <paramref name="buffer"/>. asyncio: <c>readexactly</c>.</summary>
    /// <param name="buffer">Untouched until all of it is there.</param>
    /// <exception cref="IncompleteReadException">The connection ended first.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async Coroutine ReadExactlyAsync(Memory<byte> buffer)
    {
        input.Take();
        try
        {
            while (input.Buffered < buffer.Length)
            {
                await MoreOr(buffer.Length);
            }

            if (buffer.Length > 0)
            {
                input.CopyTo(buffer.Span);
                input.Consume(buffer.Length);
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    /// <summary>Reads exactly so much. asyncio: <c>readexactly</c>.</summary>
    /// <param name="count">How much; it is allocated when it is there, not before.</param>
    /// <returns>So much.</returns>
    /// <exception cref="IncompleteReadException">The connection ended first.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async Coroutine<byte[]> ReadExactlyAsync(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        input.Take();
        try
        {
            while (input.Buffered < count)
            {
                await MoreOr(count);
            }

            return Take(count);
        }
        finally
        {
            input.GiveBack();
        }
    }

    /// <summary>Reads up to a delimiter. asyncio: <c>readuntil</c>.</summary>
    /// <param name="delimiter">Not empty.</param>
    /// <param name="limit">The most that may come before it.</param>
    /// <returns>What came, with the delimiter.</returns>
    /// <exception cref="IncompleteReadException">The connection ended first.</exception>
    /// <exception cref="LimitOverrunException">There was no delimiter within the limit; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async Coroutine<byte[]> ReadUntilAsync(ReadOnlyMemory<byte> delimiter, int limit = DefaultLimit)
    {
        ArgumentOutOfRangeException.ThrowIfZero(delimiter.Length, nameof(delimiter));
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        input.Take();
        try
        {
            var search = new InputSearch();
            while (true)
            {
                long at = search.Find(input.Bytes, delimiter.Span);
                if (at >= 0)
                {
                    VerifyLimit(at, limit, "before the delimiter");
                    return Take(at + delimiter.Length);
                }

                VerifyLimit(input.Buffered - delimiter.Length + 1, limit, "without the delimiter");
                await MoreOr(null);
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    /// <summary>Reads a line of UTF-8, without its end. asyncio: <c>readline</c>.</summary>
    /// <param name="limit">The most bytes that a line may have, its end not counted.</param>
    /// <returns>The line, without its LF or CR LF; what stands behind the last one, too; null at the end.</returns>
    /// <exception cref="LimitOverrunException">The line is longer; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async Coroutine<string?> ReadLineAsync(int limit = DefaultLimit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        input.Take();
        try
        {
            var search = new InputSearch();
            while (true)
            {
                long at = search.Find(input.Bytes, "\n"u8);
                if (at >= 0)
                {
                    long length = EndsInReturn(at) ? at - 1 : at;
                    VerifyLimit(length, limit, "in a line");
                    return TakeLine(length, at + 1);
                }

                // A CR at the end may belong to the line's end.
                VerifyLimit(EndsInReturn(input.Buffered) ? input.Buffered - 1 : input.Buffered, limit, "in a line");
                if (input.HasEnded || !await MoreAsync())
                {
                    VerifyLimit(input.Buffered, limit, "in a line");
                    return input.Buffered == 0 ? null : TakeLine(input.Buffered, input.Buffered);
                }
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    /// <summary>Reads all that comes until the peer's end. asyncio: <c>read(-1)</c>.</summary>
    /// <param name="limit">The most that may come.</param>
    /// <returns>Everything.</returns>
    /// <exception cref="LimitOverrunException">More came; nothing is consumed.</exception>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async Coroutine<byte[]> ReadToEndAsync(int limit = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        input.Take();
        try
        {
            while (true)
            {
                VerifyLimit(input.Buffered, limit, "before the end");
                if (input.HasEnded || !await MoreAsync())
                {
                    return Take(input.Buffered);
                }
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    // Whether more came than there was.
    private async Coroutine<bool> MoreAsync()
    {
        long before = input.Buffered;
        var operation = InputOperation.Rent(input, InputKind.More, isPart: true);
        await new Coroutine<int>(operation, operation.Version);
        return input.Buffered > before;
    }

    private async Coroutine MoreOr(long? expected)
    {
        if (input.HasEnded || !await MoreAsync())
        {
            throw new IncompleteReadException(Take(input.Buffered), expected);
        }
    }

    private byte[] Take(long count)
    {
        if (count == 0)
        {
            return [];
        }

        var bytes = new byte[count];
        input.CopyTo(bytes);
        input.Consume(count);
        return bytes;
    }

    private string TakeLine(long length, long consumed)
    {
        string text = length == 0 ? "" : Encoding.UTF8.GetString(input.Bytes.Slice(0, length));
        input.Consume(consumed);
        return text;
    }

    private bool EndsInReturn(long length) => length > 0 && input.Last(length) == (byte)'\r';

    private void VerifyLimit(long found, int limit, string where)
    {
        if (found > limit)
        {
            throw new LimitOverrunException($"More than the {limit} bytes that are allowed came {where} from {Peer}.", input.Buffered);
        }
    }
}
