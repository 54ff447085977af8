using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Files;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Records everything that happens on a loop in a file.</summary>
internal static class RecordCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var target = Target.Find(line.RequiredProcess);
        var span = line.Seconds("--for", TimeSpan.FromSeconds(10));
        string path = line.Output ?? $"{target.Id}-{DateTime.UtcNow:yyyyMMdd'T'HHmmss}.elrec";
        var arguments = Answers.Arguments(line);
        arguments["capacity"] = line.Number("--capacity", 1 << 20).ToString(CultureInfo.InvariantCulture);
        var names = new Dictionary<int, string>();
        var labels = new Dictionary<int, string>();
        long records = 0;
        long received = 0;
        long lost = 0;
        long began = 0;
        string of = "";
        Exception? full = null;
        using var interrupted = new Interruption();
        var file = NewFile.Create(path);
        try
        {
            RecordFile.WriteHead(file, target.Id, line.Loop ?? target.Name);
            try
            {
                Question.Stream(
                    target,
                    "record",
                    arguments,
                    line.Timeout,
                    (kind, data) =>
                    {
                        if (began == 0)
                        {
                            began = Stopwatch.GetTimestamp();
                        }

                        if (kind == "records")
                        {
                            received += data.Length / 16;
                        }

                        if (kind == "records" && full is null)
                        {
                            try
                            {
                                RecordFile.WriteBlock(file, data);
                                records += data.Length / 16;
                            }
                            catch (Exception failure) when (NewFile.IsOfDisk(failure))
                            {
                                Volatile.Write(ref full, failure);
                            }
                        }
                        else if (kind == "names")
                        {
                            lost = Note(data, names, labels, received);
                            of = Of(data);
                        }
                    },
                    () => Volatile.Read(ref full) is not null || interrupted.HasCome || (began != 0 && Stopwatch.GetElapsedTime(began) >= span),
                    withRest: true);
            }
            finally
            {
                RecordFile.WriteEnd(file, names, labels, lost);      // including those of what ended meanwhile
            }

            file.Dispose();
        }
        catch (Exception failure) when (NewFile.IsOfDisk(failure))
        {
            full ??= failure;
        }
        finally
        {
            NewFile.Close(file);
        }

        if (full is not null)
        {
            throw NewFile.Refused(path, full);      // what it holds so far is kept
        }

        var lasted = began == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(began);
        Tell(line, to, lasted < span ? lasted : span, of, path, records, lost);
        return ExitCode.Fine;
    }

    private static void Tell(CommandLine line, TextWriter to, TimeSpan span, string of, string path, long records, long lost)
    {
        string size = string.Create(CultureInfo.InvariantCulture, $"{new FileInfo(path).Length / 1e6:0.0} MB");
        if (line.Json)
        {
            using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("file", path);
            json.WriteNumber("records", records);
            json.WriteNumber("lost", lost);
            json.WriteEndObject();
            json.Flush();
            to.WriteLine();
        }
        else
        {
            to.WriteLine(PlainText.Line($"recorded {PlainText.Short(span)}{of}: {records} records ({size}), "
                + $"{(lost == 0 ? "none" : lost.ToString(CultureInfo.InvariantCulture))} lost, in {path}   eventloop web {path}"));
            if (records == 0)
            {
                to.WriteLine("It has taken no step meanwhile: it waits, or one step does not end (eventloop ps PID --frames).");
            }
        }
    }

    // Which loop it is, where that has to be said; an older target does not tell.
    private static string Of(byte[] data)
    {
        using var json = JsonDocument.Parse(data);
        return json.RootElement.Int("loops") > 1 ? $" of loop '{json.RootElement.Text("loop")}', one of {json.RootElement.Int("loops")} (--name chooses)" : "";
    }

    internal static long Note(byte[] data, Dictionary<int, string> names, Dictionary<int, string> labels, long received)
    {
        using var json = JsonDocument.Parse(data);
        foreach (var (task, name) in DumpReader.Numbered(json.RootElement, "names"))
        {
            names[task] = name;
        }

        foreach (var (number, label) in DumpReader.Numbered(json.RootElement, "labels"))
        {
            labels[number] = label;
        }

        // What the target could not keep, and what got lost on the way because the runtime's buffers were full.
        return json.RootElement.Long("lost") + Math.Max(0, json.RootElement.Long("sent") - received);
    }
}
