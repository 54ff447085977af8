using System.Runtime.InteropServices;

namespace EventLoop.Diagnostics;

/// <summary>Prints all loops on SIGQUIT, on the thread on which .NET raises signals, so that it works even if every loop and the pool are stuck.</summary>
internal sealed class QuitPrinter : IDisposable
{
    private static readonly SnapshotOptions Options = new() { MostTasks = 200 };

    private readonly TextWriter? to;
    private readonly PosixSignalRegistration? registration;

    internal QuitPrinter(TextWriter? to)
    {
        this.to = to;
        if (!OperatingSystem.IsWindows())
        {
            registration = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnQuit);
        }
    }

    public void Dispose() => registration?.Dispose();

    private void OnQuit(PosixSignalContext context)
    {
        context.Cancel = true;
        try
        {
            var writer = to ?? Console.Error;
            var text = new StringWriter();
            var loops = Loop.All;
            text.Write($"---- {loops.Count} event {(loops.Count == 1 ? "loop" : "loops")} of process {Environment.ProcessId} "
                + $"({PlainText.Escape(ProgramName.Value)})\n");
            foreach (var loop in loops)
            {
                Print(loop, text);
            }

            lock (writer)
            {
                writer.Write(text.ToString());
                writer.Flush();
            }
        }
        catch (Exception)
        {
            // Nobody reads it. The writer is the user's, and what it throws would end the process here.
        }
    }

    private static void Print(Loop loop, TextWriter to)
    {
        var snapshot = loop.TakeSnapshot(Options);
        snapshot.WriteText(to);
        foreach (var finding in snapshot.FindProblems())
        {
            to.Write(PlainText.Line($"{finding.Severity.ToString().ToUpperInvariant()} {finding.Kind}: {finding.Message}"));
            to.Write('\n');
        }
    }
}
