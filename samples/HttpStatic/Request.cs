using System.Buffers;
using System.Globalization;
using System.Text;

namespace HttpStatic;

/// <summary>The head of a request, read line by line as the bytes come. One object for all requests of a connection.</summary>
/// <remarks>
/// Whatever a proxy in front of us might read in another way is refused (RFC 9112, 2.2, 5 and 6.3), or the body of one request could be taken for the next
/// one: white space before a colon, folded lines, control characters (a bare CR is one), lengths that contradict one another.
/// </remarks>
internal sealed class Request
{
    private const int LongestLine = 8 * 1024;
    private const int MostHeaders = 100;
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);
    private static readonly SearchValues<byte> ControlBytes = SearchValues.Create(
        [.. Enumerable.Range(0, 0x80).Where(static code => code != '\t' && char.IsControl((char)code)).Select(static code => (byte)code)]);

    private int lines;
    private bool isHttp11;
    private bool closes;
    private bool keepsAlive;
    private bool isChunked;
    private string? host;
    private string? length;

    public RequestMethod Method { get; private set; }

    public string Target { get; private set; } = "";

    /// <summary>Whether the connection stays for another request.</summary>
    public bool KeepAlive => !closes && (isHttp11 || keepsAlive) && !HasBody;

    public bool HasBody => isChunked || length?.AsSpan().TrimStart('0').Length > 0;

    /// <summary>The Range header.</summary>
    public string? Range { get; private set; }

    /// <summary>The If-Range header.</summary>
    public string? RangeCondition { get; private set; }

    /// <summary>The If-None-Match header.</summary>
    public string? KnownTags { get; private set; }

    /// <summary>The If-Modified-Since header.</summary>
    public string? KnownSince { get; private set; }

    /// <summary>Whether a part of a head was read.</summary>
    public bool HasBegun => lines > 0;

    /// <summary>Forgets the request before.</summary>
    public void Clear()
    {
        lines = 0;
        closes = keepsAlive = isChunked = false;
        host = length = Range = RangeCondition = KnownTags = KnownSince = null;
    }

    /// <summary>Takes the lines that have come.</summary>
    /// <param name="input">What was received; afterwards what is left of it.</param>
    /// <returns>Whether the head is complete.</returns>
    /// <exception cref="BadRequestException">It is none.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> input)
    {
        var reader = new SequenceReader<byte>(input);
        while (reader.TryReadTo(out ReadOnlySpan<byte> line, (byte)'\n'))
        {
            line = line is [.. var text, (byte)'\r'] ? text : line;
            if (line.Length > LongestLine)
            {
                throw BadRequestException.TooLarge();
            }

            if (line.IsEmpty && HasBegun)
            {
                input = input.Slice(reader.Position);
                return IsClear ? true : throw BadRequestException.Unclear();
            }

            Take(line);
        }

        input = input.Slice(reader.Position);
        return input.Length <= LongestLine ? false : throw BadRequestException.TooLarge();
    }

    private bool IsClear => (host is not null || !isHttp11) && !(isChunked && (length is not null || !isHttp11))
        && (length is null || (length.Length > 0 && length.All(char.IsAsciiDigit)));

    private void Take(ReadOnlySpan<byte> line)
    {
        if (line.ContainsAny(ControlBytes))
        {
            throw BadRequestException.Unclear();
        }

        if (lines++ == 0)
        {
            TakeFirst(line);
            return;
        }

        int colon = line.IndexOf((byte)':');
        if (lines > MostHeaders + 1)
        {
            throw BadRequestException.TooLarge();
        }

        if (colon < 0 || !IsToken(line[..colon]))
        {
            throw BadRequestException.Unclear();
        }

        TakeHeader(line[..colon], line[(colon + 1)..].Trim(" \t"u8));
    }

    private void TakeFirst(ReadOnlySpan<byte> line)
    {
        int afterMethod = line.IndexOf((byte)' '), afterTarget = line.LastIndexOf((byte)' ');
        if (afterMethod < 0 || afterTarget <= afterMethod + 1 || !IsToken(line[..afterMethod]) || line[(afterMethod + 1)..afterTarget].Contains((byte)' '))
        {
            throw BadRequestException.Unclear();
        }

        var version = line[(afterTarget + 1)..];
        isHttp11 = version.SequenceEqual("HTTP/1.1"u8);
        if (!isHttp11 && !version.SequenceEqual("HTTP/1.0"u8))
        {
            throw BadRequestException.Unclear();
        }

        var method = line[..afterMethod];
        Method = method.SequenceEqual("GET"u8) ? RequestMethod.Get : method.SequenceEqual("HEAD"u8) ? RequestMethod.Head : RequestMethod.Other;
        Target = Encoding.UTF8.GetString(line[(afterMethod + 1)..afterTarget]);
    }

    private void TakeHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (Is(name, "host"u8))
        {
            host = Once(host, value);
        }
        else if (Is(name, "connection"u8))
        {
            foreach (var option in value.Split((byte)','))
            {
                closes |= Is(value[option].Trim(" \t"u8), "close"u8);
                keepsAlive |= Is(value[option].Trim(" \t"u8), "keep-alive"u8);
            }
        }
        else if (Is(name, "content-length"u8))
        {
            length = length is not null && Ascii.Equals(value, length) ? length : Once(length, value);
        }
        else if (Is(name, "transfer-encoding"u8))
        {
            isChunked = true;
        }
        else if (Is(name, "range"u8))
        {
            Range = Encoding.UTF8.GetString(value);
        }
        else if (Is(name, "if-range"u8))
        {
            RangeCondition = Encoding.UTF8.GetString(value);
        }
        else if (Is(name, "if-none-match"u8))
        {
            string tags = Encoding.UTF8.GetString(value);
            KnownTags = KnownTags is null ? tags : $"{KnownTags},{tags}";
        }
        else if (Is(name, "if-modified-since"u8))
        {
            KnownSince = Encoding.UTF8.GetString(value);
        }
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> expected) => name.Length == expected.Length && Ascii.EqualsIgnoreCase(name, expected);

    private static bool IsToken(ReadOnlySpan<byte> text) => text.Length > 0 && !text.ContainsAnyExcept(TokenBytes);

    private static string Once(string? before, ReadOnlySpan<byte> value) =>
        before is null ? Encoding.UTF8.GetString(value) : throw BadRequestException.Unclear();

    /// <summary>A range counts only while the file is still the one that the client has a part of.</summary>
    public bool WantsRangeOf(string tag, DateTime modified) =>
        RangeCondition is null || RangeCondition == tag || RangeCondition == modified.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The client has the file already. A tag says more than a date, so the date counts only where there is no tag.</summary>
    public bool IsUnchanged(string tag, DateTime modified)
    {
        if (KnownTags is not null)
        {
            return KnownTags.Split(',').Any(known => known.Trim() is "*" || SameTag(known.Trim(), tag));
        }

        // Dates travel in whole seconds.
        return KnownSince is not null
            && DateTime.TryParseExact(KnownSince, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out DateTime since)
            && modified < since.AddSeconds(1);
    }

    // Weak or not: a cache between us and the client may have made it a weak one (RFC 9110, 13.1.2).
    private static bool SameTag(string known, string tag) => (known.StartsWith("W/", StringComparison.Ordinal) ? known[2..] : known) == tag;

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
            if (!TryParsePosition(last, out long suffix))
            {
                return null;
            }

            (from, count) = (Math.Max(0, length - suffix), Math.Min(suffix, length));
            return suffix > 0 && length > 0;
        }

        long end = length - 1;
        if (!TryParsePosition(first, out long begin) || (last.Length > 0 && (!TryParsePosition(last, out end) || end < begin)))
        {
            return null;
        }

        (from, count) = (begin, Math.Min(end, length - 1) - begin + 1);
        return from < length;
    }

    private static bool TryParsePosition(string text, out long position)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out position))
        {
            position = long.MaxValue;      // more digits than any file has bytes
        }

        return text.Length > 0 && text.All(char.IsAsciiDigit);
    }
}
