using System.Globalization;
using System.Text;

namespace EventLoop.Diagnostics;

/// <summary>Prepares foreign text for people: nothing in it reaches a terminal except characters that stand for themselves.</summary>
internal static class PlainText
{
    internal const int LongestLine = 200;

    /// <summary>Escapes control characters, line ends, directional marks, unpaired surrogates and invisible characters as \uXXXX.</summary>
    internal static string Escape(string text)
    {
        int plain = 0;
        while (plain < text.Length && IsPlain(text, plain))
        {
            plain++;
        }

        if (plain == text.Length)
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16).Append(text, 0, plain);
        for (int i = plain; i < text.Length; i++)
        {
            if (IsPlain(text, i))
            {
                escaped.Append(text[i]);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
            }
        }

        return escaped.ToString();
    }

    private static bool IsPlain(string text, int at)
    {
        char c = text[at];
        if (c is >= ' ' and < '\u007f')
        {
            return true;
        }

        if (char.IsHighSurrogate(c))
        {
            return at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])
                && IsVisible(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(c, text[at + 1])));
        }

        if (char.IsLowSurrogate(c))
        {
            return at > 0 && char.IsHighSurrogate(text[at - 1]) && IsVisible(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[at - 1], c)));
        }

        return IsVisible(CharUnicodeInfo.GetUnicodeCategory(c));
    }

    private static bool IsVisible(UnicodeCategory category) =>
        category is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate);

    /// <summary>One line, escaped and shortened.</summary>
    internal static string Line(string text)
    {
        string line = Escape(text).TrimEnd();
        return line.Length <= LongestLine
            ? line : string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[LongestLine - 4]) ? LongestLine - 4 : LongestLine - 3), "...");
    }

    internal static string Cut(string text, int most)
    {
        text = Escape(text);
        return text.Length <= most ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[most - 4]) ? most - 4 : most - 3), "...");
    }

    /// <summary>"0.4ms", "12ms", "1.2s", "3m20", "2h04", "5d".</summary>
    internal static string Short(TimeSpan time)
    {
        if (time < TimeSpan.Zero)
        {
            return "-" + Short(-time);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(
            time.TotalMilliseconds < 1 ? $"{Math.Round(time.TotalMilliseconds, 1)}ms"
            : time.TotalSeconds < 1 ? $"{(int)time.TotalMilliseconds}ms"
            : time.TotalSeconds < 60 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(time.TotalSeconds * 10) / 10:0.0}s")
            : time.TotalMinutes < 60 ? $"{(int)time.TotalMinutes}m{time.Seconds:00}"
            : time.TotalHours < 48 ? $"{(int)time.TotalHours}h{time.Minutes:00}"
            : $"{(int)time.TotalDays}d")}");
    }

    /// <summary>The same, with microseconds.</summary>
    internal static string Precise(TimeSpan time) =>
        time < TimeSpan.FromMilliseconds(1) ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:0}us")
        : time < TimeSpan.FromMilliseconds(10) ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0}ms")
        : Short(time);
}
