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
        arguments["capacity"] = line.Number("--capacity", 1 << 20, least: 1, most: 1 << 24).ToString(CultureInfo.InvariantCulture);
        var notes = new RecordNotes();
        long records = 0;
        long received = 0;
        long began = 0;
        Exception? full = null;
        using var interrupted = new Interruption();
        var file = NewFile.Create(path);
        try
        {
            RecordFile.WriteHead(file, target.Id, line.Loop ?? target.Name);
            try
            {
                Question.Stream(target, "record", arguments, line.Timeout, OnPart, () => Volatile.Read(ref full) is not null || interrupted.HasCome
                    || (began != 0 && Stopwatch.GetElapsedTime(began) >= span), withRest: true);
            }
            finally
            {
                RecordFile.WriteEnd(file, notes);      // including the names of what ended meanwhile
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
            if (received == 0 && !notes.HaveCome)
            {
                File.Delete(path);      // whoever tries again needs the name
            }
        }

        if (full is not null)
        {
            throw NewFile.Refused(path, full);      // what it holds so far is kept
        }

        if (!File.Exists(path))
        {
            throw interrupted.HasCome ? new ToolException(ExitCode.NoAnswer, "Nothing was recorded.") : Answers.NoLoop(target, line);
        }

        var lasted = began == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(began);
        Tell(line, to, lasted < span ? lasted : span, notes, path, records);
        return ExitCode.Fine;

        void OnPart(string kind, byte[] data)
        {
            if (began == 0)
            {
                began = Stopwatch.GetTimestamp();
            }

            if (kind == "names")
            {
                notes.Add(data, received);
            }
            else if (kind == "records")
            {
                received += data.Length / 16;
                if (full is null)
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
            }
        }
    }

    private static void Tell(CommandLine line, TextWriter to, TimeSpan span, RecordNotes notes, string path, long records)
    {
        string size = string.Create(CultureInfo.InvariantCulture, $"{new FileInfo(path).Length / 1e6:0.0} MB");
        if (line.Json)
        {
            using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("file", path);
            json.WriteText("loop", notes.Loop);
            json.WriteNumber("loops", notes.Loops);
            json.WriteTime("duration", span);
            json.WriteNumber("records", records);
            json.WriteNumber("lost", notes.Lost);
            json.WriteEndObject();
            json.Flush();
            to.WriteLine();
        }
        else
        {
            // Which loop it is, where that has to be said; an older target does not tell.
            string of = notes.Loops > 1 ? $" of loop '{notes.Loop}', one of {notes.Loops} (--name chooses)" : "";
            to.WriteLine(PlainText.Line($"recorded {PlainText.Short(span)}{of}: {records} records ({size}), "
                + $"{(notes.Lost == 0 ? "none" : notes.Lost.ToString(CultureInfo.InvariantCulture))} lost, in {path}   eventloop web {path}"));
            if (records == 0)
            {
                to.WriteLine("It has taken no step meanwhile: it waits, or one step does not end (eventloop ps PID --frames).");
            }
        }
    }
}
