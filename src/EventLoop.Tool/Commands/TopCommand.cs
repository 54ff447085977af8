using System.Globalization;
using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;
using Spectre.Console;

namespace EventLoop.Tool.Commands;

/// <summary>Shows what the loops of a process do, every second.</summary>
internal static class TopCommand
{
    private const int MostBunches = 30;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);      // that a program heeds
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var target = Target.Find(line.RequiredProcess);
        var interval = line.Seconds("--interval", TimeSpan.FromSeconds(1));
        if (interval < Shortest || interval > Longest)
        {
            throw new ToolException(ExitCode.Usage, "--interval takes 50ms to 60s.");
        }

        int rounds = line.Has("--once") ? 1 : line.Number("--count", int.MaxValue, least: 1);
        var arguments = Answers.Arguments(line);
        arguments["ms"] = ((int)interval.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        arguments["most"] = "0";
        bool live = !Console.IsOutputRedirected && !Console.IsInputRedirected && !line.Json && rounds == int.MaxValue;
        var view = new TopView();
        bool quits = false;
        var round = new List<LoopSnapshot>();
        int seen = 0;
        int shown = 0;
        bool isMissing = false;
        bool skipsFirst = !live && (!line.Json || rounds < int.MaxValue);      // rates and delays are those between two rounds

        void OnPart(string kind, byte[] data)
        {
            if (kind == "snapshot")
            {
                round.Add(Answers.Snapshot(data));
            }
            else if (kind == "round" && seen == 0 && round.Count == 0 && line.Loop is not null)
            {
                isMissing = true;
            }
            else if (kind == "round")
            {
                if (shown < rounds && (seen > 0 || !skipsFirst))
                {
                    Show();
                    shown++;
                }

                view.Remember(round);
                round.Clear();
                seen++;
            }
        }

        void Show()
        {
            if (line.Json)
            {
                PsCommand.WriteJson(round, to);
            }
            else if (live)
            {
                AnsiConsole.Clear();
                var (width, height) = Window();
                AnsiConsole.Profile.Width = width;
                AnsiConsole.Write(view.Render(target, round, width, height));
            }
            else
            {
                to.Write(view.Text(target, round, MostBunches));
            }
        }

        Question.Stream(target, "every", arguments, line.Timeout, OnPart, () =>
        {
            if (live && Console.KeyAvailable)
            {
                switch (Console.ReadKey(intercept: true).KeyChar)
                {
                    case 'q':
                        quits = true;
                        break;
                    case 's':
                        view.Sort();
                        break;
                }
            }

            return quits || Volatile.Read(ref isMissing) || shown >= rounds;
        });
        return isMissing ? throw Answers.NoLoop(target, line) : ExitCode.Fine;
    }

    // It may change its size from round to round; some terminals do not tell it.
    private static (int Width, int Height) Window()
    {
        const int usualWidth = 80;
        const int usualHeight = 24;
        try
        {
            return (Console.WindowWidth is > 0 and var width ? width : usualWidth, Console.WindowHeight is > 0 and var height ? height : usualHeight);
        }
        catch (Exception unknown) when (unknown is IOException or PlatformNotSupportedException)
        {
            return (usualWidth, usualHeight);
        }
    }
}
