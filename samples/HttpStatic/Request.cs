using System.Globalization;
using EventLoop;
using EventLoop.Net;

namespace HttpStatic;

/// <summary>The head of a request.</summary>
internal sealed record Request(string Method, string Target, bool KeepAlive, string? Range, bool HasBody)
{
    /// <summary>The If-None-Match header.</summary>
    public string? KnownTags { get; private init; }

    /// <summary>The If-Modified-Since header.</summary>
    public string? KnownSince { get; private init; }

    private const int LongestLine = 8 * 1024;
    private const int MostHeaders = 100;

    /// <summary>Null when the client has nothing more to ask.</summary>
    /// <exception cref="BadRequestException">It is none.</exception>
    /// <exception cref="LimitOverrunException">A line is too long.</exception>
    public static async Coroutine<Request?> ReadAsync(Connection connection)
    {
        if (await connection.ReadLineAsync(LongestLine) is not { } first)
        {
            return null;
        }

        if (first.Split(' ') is not [var method, var target, "HTTP/1.1" or "HTTP/1.0"])
        {
            throw new BadRequestException(400, "Bad Request");
        }

        bool keepAlive = first.EndsWith('1');
        bool hasBody = false;
        string? range = null, knownTags = null, knownSince = null;
        for (int count = 0; ; count++)
        {
            string line = await connection.ReadLineAsync(LongestLine) ?? throw new BadRequestException(400, "Bad Request");
            if (line.Length == 0)
            {
                return new Request(method, target, keepAlive, range, hasBody) { KnownTags = knownTags, KnownSince = knownSince };
            }

            int colon = line.IndexOf(':');
            if (count == MostHeaders || colon <= 0)
            {
                throw new BadRequestException(count == MostHeaders ? 431 : 400, count == MostHeaders ? "Request Header Fields Too Large" : "Bad Request");
            }

            string value = line[(colon + 1)..].Trim();
            switch (line[..colon].ToLowerInvariant())
            {
                case "connection":
                    keepAlive = keepAlive ? !value.Equals("close", StringComparison.OrdinalIgnoreCase) : value.Equals("keep-alive", StringComparison.OrdinalIgnoreCase);
                    break;
                case "range":
                    range = value;
                    break;
                case "if-none-match":
                    knownTags = value;
                    break;
                case "if-modified-since":
                    knownSince = value;
                    break;
                case "content-length" when value != "0":
                case "transfer-encoding":
                    hasBody = true;
                    break;
            }
        }
    }

    /// <summary>The client has the file already. A tag says more than a date, so the date counts only where there is no tag.</summary>
    public bool IsUnchanged(string tag, DateTime modified)
    {
        if (KnownTags is not null)
        {
            return KnownTags.Split(',').Any(known => known.Trim() is "*" || known.Trim() == tag);
        }

        // Dates travel in whole seconds.
        return DateTime.TryParseExact(KnownSince, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime since)
            && modified < since.AddSeconds(1);
    }

    /// <summary>"bytes=a-b", "bytes=a-", "bytes=-n". Null: the whole file, also for what is not understood. False: no such part.</summary>
    public static bool? TryParseRange(string? range, long length, out long from, out long count)
    {
        (from, count) = (0, length);
        if (range is null || !range.StartsWith("bytes=", StringComparison.Ordinal) || range.Contains(',') || range[6..].Split('-') is not [var first, var last])
        {
            return null;
        }

        if (first.Length == 0)
        {
            if (!long.TryParse(last, out long suffix))
            {
                return null;
            }

            (from, count) = (Math.Max(0, length - suffix), Math.Min(suffix, length));
            return suffix > 0 && length > 0;
        }

        if (!long.TryParse(first, out from) || from < 0)
        {
            return null;
        }

        long end = long.TryParse(last, out long given) ? Math.Min(given, length - 1) : length - 1;
        count = end - from + 1;
        return from < length && count > 0;
    }
}

/// <summary>What the client is told, and then the connection ends.</summary>
internal sealed class BadRequestException(int status, string reason) : Exception(reason)
{
    public int Status => status;
}
