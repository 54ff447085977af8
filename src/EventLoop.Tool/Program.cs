using EventLoop.Diagnostics;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tool;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        try
        {
            return (int)Run(CommandLine.Parse(arguments), Output());
        }
        catch (ToolException problem)
        {
            if (problem.Message.Length > 0)
            {
                Console.Error.WriteLine(PlainText.Escape(problem.Message));
            }

            return (int)problem.Code;
        }
        catch (DiagnosticsClientException broken)
        {
            Console.Error.WriteLine(PlainText.Escape(broken.Message));
            return (int)ExitCode.NoAnswer;
        }
        catch (IOException gone) when (IsClosedPipe(gone))
        {
            return (int)ExitCode.Fine;
        }
        catch (Exception broken) when (broken is (IOException and not FileNotFoundException) or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(PlainText.Escape(broken.Message));
            return (int)ExitCode.Usage;
        }
    }

    // The console's own stream does not say that nobody reads a pipe any more: 'eventloop top PID | head' would go on for ever.
    private static TextWriter Output()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
        {
            return Console.Out;
        }

        try
        {
            var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            return pipe.CanSeek ? Console.Out : new StreamWriter(pipe) { AutoFlush = true };
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Console.Out;      // it is closed
        }
    }

    /// <summary>Whether a write failed because who has read the output has ended, as <c>head</c> does.</summary>
    internal static bool IsClosedPipe(Exception failure)
    {
        const int brokenPipe = 32;
        return failure is IOException && !OperatingSystem.IsWindows() && failure.HResult == brokenPipe;
    }

    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        if (line.Has("--version"))
        {
            to.WriteLine(typeof(Program).Assembly.GetName().Version?.ToString(3));
            return ExitCode.Fine;
        }

        if (line.Has("--help") || line.Has("-h") || line.Command == "help")
        {
            to.WriteLine(Help.Text);
            return ExitCode.Fine;
        }

        return line.Command switch
        {
            "" or "list" => Commands.ListCommand.Run(line, to),
            "ps" => Commands.PsCommand.Run(line, to),
            "pstree" => Commands.PsTreeCommand.Run(line, to),
            "top" => Commands.TopCommand.Run(line, to),
            "dump" => Commands.DumpCommand.Run(line, to),
            "show" => Commands.ShowCommand.Run(line, to),
            "record" => Commands.RecordCommand.Run(line, to),
            "trace" => Commands.TraceCommand.Run(line, to),
            "doctor" => Commands.DoctorCommand.Run(line, to),
            "web" => Commands.WebCommand.Run(line, to),
            "completion" => Commands.CompletionCommand.Run(line, to),
            _ => throw new ToolException(ExitCode.Usage, $"There is no command '{line.Command}'. 'eventloop --help' lists them."),
        };
    }
}
