using System.Globalization;
using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;
using Spectre.Console;

namespace EventLoop.Tool.Commands;

/// <summary>Shows what the loops of a process do, every second.</summary>
internal static class TopCommand
{
    private const int MostBunches = 30;

    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var target = Target.Find(line.RequiredProcess);
        var interval = line.Seconds("--interval", TimeSpan.FromSeconds(1));
        int rounds = line.Has("--once") ? 2 : line.Number("--count", int.MaxValue);
        var arguments = Answers.Arguments(line);
        arguments["ms"] = ((int)interval.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        arguments["most"] = "0";
        bool live = !Console.IsOutputRedirected && !Console.IsInputRedirected && !line.Json && rounds == int.MaxValue;
        var view = new TopView();
        bool quits = false;
        var round = new List<LoopSnapshot>();
        int seen = 0;

        void OnPart(string kind, byte[] data)
        {
            if (kind == "snapshot")
            {
                round.Add(Answers.Snapshot(data));
            }
            else if (kind == "round")
            {
                if (line.Json)
                {
                    PsCommand.WriteJson(round, to);
                }
                else if (live)
                {
                    AnsiConsole.Clear();
                    AnsiConsole.Write(view.Render(target, round, MostBunches));
                }
                else if (seen > 0 || rounds == 1)
                {
                    to.Write(view.Text(target, round, MostBunches));
                }

                view.Remember(round);
                round.Clear();
                seen++;
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

            return quits || seen >= rounds;
        });
        return ExitCode.Fine;
    }
}
