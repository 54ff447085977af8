using System.Buffers;
using System.Text;

namespace EventLoop.Net.Connections;

/// <summary>Reads in several steps: exact counts, up to delimiters, lines, to the end. Each has the pipe to itself until it has ended, and consumes nothing
/// when it is cancelled. Loop thread only.</summary>
internal static class StreamReading
{
    internal static async Coroutine ReadExactlyAsync(InputPipe input, Memory<byte> buffer)
    {
        input.Take();
        try
        {
            while (input.Buffered < buffer.Length)
            {
                await MoreOr(input, buffer.Length);
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

    internal static async Coroutine<byte[]> ReadExactlyAsync(InputPipe input, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        input.Take();
        try
        {
            while (input.Buffered < count)
            {
                await MoreOr(input, count);
            }

            return Take(input, count);
        }
        finally
        {
            input.GiveBack();
        }
    }

    internal static async Coroutine<byte[]> ReadUntilAsync(InputPipe input, ReadOnlyMemory<byte> delimiter, int limit)
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
                    VerifyLimit(input, at, limit, "before the delimiter");
                    return Take(input, at + delimiter.Length);
                }

                VerifyLimit(input, input.Buffered - delimiter.Length + 1, limit, "without the delimiter");
                await MoreOr(input, null);
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    internal static async Coroutine<string?> ReadLineAsync(InputPipe input, int limit, Encoding? encoding = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        if (encoding is not null && encoding.GetByteCount("\n") != 1)
        {
            return await ReadWideLineAsync(input, limit, encoding);
        }

        input.Take();
        try
        {
            var search = new InputSearch();
            while (true)
            {
                long at = search.Find(input.Bytes, "\n"u8);
                if (at >= 0)
                {
                    long length = EndsInReturn(input, at) ? at - 1 : at;
                    VerifyLimit(input, length, limit, "in a line");
                    return TakeLine(input, length, at + 1, encoding);
                }

                // A CR at the end may belong to the line's end.
                VerifyLimit(input, EndsInReturn(input, input.Buffered) ? input.Buffered - 1 : input.Buffered, limit, "in a line");
                if (input.HasEnded || !await MoreAsync(input))
                {
                    VerifyLimit(input, input.Buffered, limit, "in a line");
                    return input.Buffered == 0 ? null : TakeLine(input, input.Buffered, input.Buffered, encoding);
                }
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    internal static async Coroutine<byte[]> ReadToEndAsync(InputPipe input, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        input.Take();
        try
        {
            while (true)
            {
                VerifyLimit(input, input.Buffered, limit, "before the end");
                if (input.HasEnded || !await MoreAsync(input))
                {
                    return Take(input, input.Buffered);
                }
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    // For encodings whose characters have two or four bytes: a line ends at a whole one.
    private static async Coroutine<string?> ReadWideLineAsync(InputPipe input, int limit, Encoding encoding)
    {
        byte[] end = encoding.GetBytes("\n");
        input.Take();
        try
        {
            for (long seen = 0; ; )
            {
                while (seen + end.Length <= input.Buffered)
                {
                    seen += end.Length;
                    if (Ends(input, seen, end))
                    {
                        VerifyLimit(input, seen - end.Length, limit, "in a line");
                        string line = TakeLine(input, seen - end.Length, seen, encoding);
                        return line.EndsWith('\r') ? line[..^1] : line;
                    }
                }

                VerifyLimit(input, seen, limit, "in a line");
                if (input.HasEnded || !await MoreAsync(input))
                {
                    return input.Buffered == 0 ? null : TakeLine(input, input.Buffered, input.Buffered, encoding);
                }
            }
        }
        finally
        {
            input.GiveBack();
        }
    }

    private static bool Ends(InputPipe input, long length, ReadOnlySpan<byte> end)
    {
        Span<byte> unit = stackalloc byte[end.Length];
        input.Bytes.Slice(length - end.Length, end.Length).CopyTo(unit);
        return unit.SequenceEqual(end);
    }

    // Returns whether more has arrived than there was.
    private static async Coroutine<bool> MoreAsync(InputPipe input)
    {
        long before = input.Buffered;
        var operation = InputOperation.Rent(input, InputKind.More, isPart: true);
        await new Coroutine<int>(operation, operation.Version);
        return input.Buffered > before;
    }

    private static async Coroutine MoreOr(InputPipe input, long? expected)
    {
        if (input.HasEnded || !await MoreAsync(input))
        {
            throw new IncompleteReadException(Take(input, input.Buffered), expected);
        }
    }

    private static byte[] Take(InputPipe input, long count)
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

    private static string TakeLine(InputPipe input, long length, long consumed, Encoding? encoding)
    {
        string text = length == 0 ? "" : (encoding ?? Encoding.UTF8).GetString(input.Bytes.Slice(0, length));
        input.Consume(consumed);
        return text;
    }

    private static bool EndsInReturn(InputPipe input, long length) => length > 0 && input.Last(length) == (byte)'\r';

    private static void VerifyLimit(InputPipe input, long found, int limit, string where)
    {
        if (found > limit)
        {
            throw new LimitOverrunException($"More than the {limit} bytes that are allowed came {where} from {input.Owner.Peer}.", input.Buffered);
        }
    }
}
