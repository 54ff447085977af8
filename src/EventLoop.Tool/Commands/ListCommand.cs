using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;
using Microsoft.Diagnostics.NETCore.Client;

namespace EventLoop.Tool.Commands;

/// <summary>Lists the processes that respond, and their loops.</summary>
internal static class ListCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var patience = line.Value("--timeout") is null ? Patience : line.Timeout;
        var found = new List<(int Process, string Name, List<LoopSnapshot> Loops)>();
        var silent = new List<string>();
        var asking = DiagnosticsClient.GetPublishedProcesses().Where(static id => id != Environment.ProcessId).Select(id => new Thread(() => Ask(id))).ToList();
        asking.ForEach(static thread => thread.Start());
        asking.ForEach(static thread => thread.Join());
        found.Sort(static (a, b) => a.Process.CompareTo(b.Process));
        var code = Write(found, silent.Count > 0, line, to);
        if (silent.Count > 0)
        {
            Console.Error.WriteLine($"No answer within {patience.TotalSeconds:0.#} s from {string.Join(", ", silent)}: --timeout gives more. "
                + "(Nor can a program answer that has made no loop yet, or whose event sources are switched off.)");
        }

        return code;

        void Ask(int id)
        {
            Target? target = null;
            try
            {
                target = Target.Find(id);
                var loops = Answers.Parse(Question.Ask(target, "bunches", new Dictionary<string, string>(), patience));
                lock (found)
                {
                    found.Add((id, target.Name, loops));
                }
            }
            catch (ToolException)
            {
                // It has none, or has ended; unless it is known to have the library.
                if (target is { HasLibrary: true, HasEnded: false })
                {
                    lock (found)
                    {
                        silent.Add(PlainText.Line($"{id} ({target.Name})"));
                    }
                }
            }
        }
    }

    private static ExitCode Write(List<(int Process, string Name, List<LoopSnapshot> Loops)> found, bool someAreSilent, CommandLine line, TextWriter to)
    {
        if (line.Json)
        {
            using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteStartArray("processes");
            foreach (var (process, name, loops) in found)
            {
                json.WriteStartObject();
                json.WriteNumber("pid", process);
                json.WriteText("name", name);
                json.WriteStartArray("loops");
                foreach (var loop in loops)
                {
                    json.WriteStartObject();
                    json.WriteNumber("id", loop.LoopId);
                    json.WriteText("name", loop.LoopName);
                    json.WriteNumber("tasks", loop.TaskCount);
                    json.WriteBoolean("isRunning", loop.IsRunning);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.Flush();
            to.WriteLine();
            return ExitCode.Fine;
        }

        foreach (var (process, name, loops) in found)
        {
            string all = string.Join(", ", loops.Select(static loop =>
                $"loop '{loop.LoopName}' ({SnapshotText.Number(loop.TaskCount, "task")}{(loop.IsRunning ? "" : ", does not run now")})"));
            to.WriteLine(PlainText.Line($"{process,8}  {name}  {(all.Length > 0 ? all : "no loop at the moment")}"));
        }

        if (found.Count == 0 && !someAreSilent)
        {
            to.WriteLine("No process answers. Those of other users need their user, or root.");
        }

        return ExitCode.Fine;
    }
}
