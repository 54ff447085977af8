using System.Globalization;
using System.Text;
using Spectre.Console;

namespace EventLoop.Tool.Commands;

/// <summary>As much as fits into a window: of all loops alike, and of each how much more there is.</summary>
internal static class TopScreen
{
    internal readonly record struct Line(string Text, Style Style);

    /// <param name="Head">About the loop.</param>
    /// <param name="Lines">Below it, the most important first.</param>
    internal sealed record Part(string Head, IReadOnlyList<Line> Lines);

    private static readonly Style Bold = new(decoration: Decoration.Bold);

    /// <param name="title">The first line.</param>
    /// <param name="loops">What there is to show.</param>
    /// <param name="width">Of a line, in columns.</param>
    /// <param name="height">In lines.</param>
    internal static List<Line> Fit(string title, IReadOnlyList<Part> loops, int width, int height)
    {
        var screen = new List<Line> { new(title, Style.Plain) };
        int left = Math.Max(0, height - 1);
        var heads = loops.Select(loop => Wrap(loop.Head, width)).ToList();
        if (heads.Sum(static head => head.Count) > left)
        {
            heads = heads.ConvertAll(static head => head.Take(1).ToList());
        }

        int shown = heads.Count <= left ? heads.Count : Math.Max(0, left - 1);
        int[] rooms = Spread([.. loops.Take(shown).Select(static loop => loop.Lines.Count)], left - heads.Take(shown).Sum(static head => head.Count));
        for (int i = 0; i < shown; i++)
        {
            screen.AddRange(heads[i].Select(static head => new Line(head, Bold)));
            int missing = loops[i].Lines.Count - rooms[i];
            screen.AddRange(loops[i].Lines.Take(missing > 0 ? rooms[i] - 1 : rooms[i]));
            if (missing > 0 && rooms[i] > 0)
            {
                screen.Add(new Line($"  +{missing + 1} more", Style.Plain));
            }
        }

        if (shown < loops.Count)
        {
            screen.Add(new Line($"+{loops.Count - shown} more loops", Bold));
        }

        return screen.Take(Math.Max(1, height)).Select(line => line with { Text = Cut(line.Text, width) }).ToList();
    }

    // One by one, so that who needs little leaves the rest to the others.
    private static int[] Spread(int[] needs, int lines)
    {
        int[] rooms = new int[needs.Length];
        for (bool any = true; any && lines > 0;)
        {
            any = false;
            for (int i = 0; i < needs.Length && lines > 0; i++)
            {
                if (rooms[i] < needs[i])
                {
                    rooms[i]++;
                    lines--;
                    any = true;
                }
            }
        }

        return rooms;
    }

    // At commas.
    private static List<string> Wrap(string text, int width)
    {
        var lines = new List<string>();
        string line = "";
        foreach (string part in text.Split(", "))
        {
            string longer = line.Length == 0 ? part : $"{line}, {part}";
            if (line.Length > 0 && Columns(longer) > width)
            {
                lines.Add(line + ",");
                longer = "  " + part;
            }

            line = longer;
        }

        lines.Add(line);
        return lines;
    }

    internal static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - Columns(text)));

    internal static string Cut(string text, int width)
    {
        if (Columns(text) <= width)
        {
            return text;
        }

        var cut = new StringBuilder();
        int columns = Math.Min(3, width);
        foreach (var rune in text.EnumerateRunes())
        {
            columns += Columns(rune);
            if (columns > width)
            {
                break;
            }

            cut.Append(rune.ToString());
        }

        return cut.Append("...".AsSpan(0, Math.Min(3, width))).ToString();
    }

    private static int Columns(string text) => text.EnumerateRunes().Sum(static rune => Columns(rune));

    // Those of East Asia, and pictures, are twice as wide; what is put above others has no width.
    private static int Columns(Rune rune) => rune.Value < 0x300 ? 1
        : Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0
        : rune.Value is (>= 0x1100 and < 0x1160) or (>= 0x2e80 and < 0xa4d0) or (>= 0xac00 and < 0xd7a4) or (>= 0xf900 and < 0xfb00) or (>= 0xfe30 and < 0xfe70)
            or (>= 0xff00 and < 0xff61) or (>= 0xffe0 and < 0xffe7) or (>= 0x1f300 and < 0x1faff) or (>= 0x20000 and < 0x40000) ? 2
        : 1;
}
