using System.Buffers;
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

    /// <summary>The If-Range header.</summary>
    public string? RangeCondition { get; private init; }

    private const int LongestLine = 8 * 1024;
    private const int MostHeaders = 100;
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Null when the client has nothing more to ask.</summary>
    /// <remarks>
    /// Whatever a proxy in front of us might read in another way is refused (RFC 9112, 2.2, 5 and 6.3), or the body of one request could be taken for the next
    /// one: white space before a colon, folded lines, control characters (a bare CR is one), lengths that contradict one another.
    /// </remarks>
    /// <exception cref="BadRequestException">It is none.</exception>
    /// <exception cref="LimitOverrunException">A line is too long.</exception>
    public static async Coroutine<Request?> ReadAsync(Connection connection)
    {
        if (await connection.ReadLineAsync(LongestLine) is not { } first)
        {
            return null;
        }

        if (first.Split(' ') is not [var method, { Length: > 0 } target, "HTTP/1.1" or "HTTP/1.0"] || !IsToken(method) || !IsText(first))
        {
            throw new BadRequestException(400, "Bad Request");
        }

        var head = new Head(isHttp11: first.EndsWith('1'));
        for (int count = 0; ; count++)
        {
            string line = await connection.ReadLineAsync(LongestLine) ?? throw new BadRequestException(400, "Bad Request");
            if (line.Length == 0)
            {
                return head.ToRequest(method, target);
            }

            if (count == MostHeaders)
            {
                throw new BadRequestException(431, "Request Header Fields Too Large");
            }

            int colon = line.IndexOf(':');
            if (colon < 0 || !IsToken(line.AsSpan(0, colon)) || !IsText(line))
            {
                throw new BadRequestException(400, "Bad Request");
            }

            head.Add(line[..colon].ToLowerInvariant(), line[(colon + 1)..].Trim(' ', '\t'));
        }
    }

    private static bool IsToken(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExcept(TokenCharacters);

    private static bool IsText(string line) => line.All(static letter => letter == '\t' || !char.IsControl(letter));

    /// <summary>What the headers say, as they come.</summary>
    private sealed class Head(bool isHttp11)
    {
        private bool closes;
        private bool keepsAlive;
        private string? host;
        private string? length;
        private bool isChunked;
        private string? range;
        private string? rangeCondition;
        private string? knownTags;
        private string? knownSince;

        public void Add(string name, string value)
        {
            switch (name)
            {
                case "connection":
                    foreach (string option in value.Split(',', StringSplitOptions.TrimEntries))
                    {
                        closes |= option.Equals("close", StringComparison.OrdinalIgnoreCase);
                        keepsAlive |= option.Equals("keep-alive", StringComparison.OrdinalIgnoreCase);
                    }

                    break;
                case "host":
                    host = Once(host, value);
                    break;
                case "content-length":
                    length = length == value ? value : Once(length, value);
                    break;
                case "transfer-encoding":
                    isChunked = true;
                    break;
                case "range":
                    range = value;
                    break;
                case "if-range":
                    rangeCondition = value;
                    break;
                case "if-none-match":
                    knownTags = knownTags is null ? value : $"{knownTags},{value}";
                    break;
                case "if-modified-since":
                    knownSince = value;
                    break;
            }
        }

        public Request ToRequest(string method, string target)
        {
            bool isUnclear = (host is null && isHttp11) || (isChunked && (length is not null || !isHttp11))
                || (length is not null && (length.Length == 0 || !length.All(char.IsAsciiDigit)));
            return isUnclear ? throw new BadRequestException(400, "Bad Request")
                : new Request(method, target, !closes && (isHttp11 || keepsAlive), range, isChunked || length?.Trim('0').Length > 0)
                {
                    RangeCondition = rangeCondition,
                    KnownTags = knownTags,
                    KnownSince = knownSince,
                };
        }

        private static string Once(string? before, string value) => before is null ? value : throw new BadRequestException(400, "Bad Request");
    }

    /// <summary>A range counts only while the file is still the one that the client has a part of.</summary>
    public bool WantsRangeOf(string tag, DateTime modified) =>
        RangeCondition is null || RangeCondition == tag || RangeCondition == modified.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The client has the file already. A tag says more than a date, so the date counts only where there is no tag.</summary>
    public bool IsUnchanged(string tag, DateTime modified)
    {
        if (KnownTags is not null)
        {
            return KnownTags.Split(',').Any(known => known.Trim() is "*" || known.Trim() == tag);
        }

        // Dates travel in whole seconds.
        return DateTime.TryParseExact(KnownSince, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTime since)
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
