using EventLoop.Diagnostics;

namespace EventLoop.Tool;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        try
        {
            return (int)Run(CommandLine.Parse(arguments), Console.Out);
        }
        catch (ToolException problem)
        {
            Console.Error.WriteLine(PlainText.Escape(problem.Message));
            return (int)problem.Code;
        }
        catch (IOException broken) when (broken is not FileNotFoundException)
        {
            Console.Error.WriteLine(PlainText.Escape(broken.Message));
            return (int)ExitCode.Usage;
        }
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
