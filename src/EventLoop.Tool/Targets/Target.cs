using System.Diagnostics;
using System.Net.Sockets;
using EventLoop.Diagnostics;
using Microsoft.Diagnostics.NETCore.Client;

namespace EventLoop.Tool.Targets;

/// <summary>The process that is inspected: whether it can be asked, and why not.</summary>
internal sealed class Target
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortEndLimit = TimeSpan.FromMilliseconds(500);      // of a port that may be no port

    private Target(int id, string name)
    {
        Id = id;
        Name = name;
        Client = new DiagnosticsClient(id);
    }

    internal int Id { get; }

    internal string Name { get; }

    internal DiagnosticsClient Client { get; }

    /// <exception cref="ToolException">There is no such process, or it has no diagnostics port that may be opened.</exception>
    internal static Target Find(int id)
    {
        string name;
        try
        {
            ArgumentOutOfRangeException.ThrowIfZero(id);      // for the system that is whoever asks
            using var process = Process.GetProcessById(id);
            name = NameOf(process);
        }
        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException)
        {
            throw new ToolException(ExitCode.NoSuchProcess, $"There is no process {id}.");
        }

        if (!DiagnosticsClient.GetPublishedProcesses().Contains(id))
        {
            throw NoPort(id, name);
        }

        if (HasNoLibrary(id))
        {
            throw new ToolException(ExitCode.NoEventLoop, $"Process {id} ({name}) is a .NET program, but has not loaded EventLoop.");
        }

        return new Target(id, name);
    }

    // What runs under "dotnet" is known by its assembly.
    private static string NameOf(Process process)
    {
        string name = process.ProcessName;
        if (name != "dotnet" || !OperatingSystem.IsLinux())
        {
            return name;
        }

        try
        {
            string[] arguments = File.ReadAllText($"/proc/{process.Id}/cmdline").Split('\0');
            string? program = arguments.FirstOrDefault(static part => part.EndsWith(".dll", StringComparison.Ordinal));
            return program is null ? name : ProgramName.Of(name, [program]);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return name;
        }
    }

    private static ToolException NoPort(int id, string name)
    {
        string? theirs = ReadEnvironment(id, "TMPDIR");
        if (theirs is null && File.Exists($"/proc/{id}/environ") && !CanRead($"/proc/{id}/environ"))
        {
            return new ToolException(ExitCode.NoPermission, $"Process {id} ({name}) belongs to another user: run the tool as that user, or as root.");
        }

        if (theirs is not null && FolderOf(theirs) is var folder && folder != FolderOf(Environment.GetEnvironmentVariable("TMPDIR")) && HasPortIn(folder, id))
        {
            return new ToolException(ExitCode.NoPort, $"Process {id} ({name}) keeps its diagnostics port in '{folder}': run the tool with TMPDIR={folder}.");
        }

        return new ToolException(
            ExitCode.NoPort,
            $"Process {id} ({name}) has no diagnostics port: it is no .NET program, or runs with DOTNET_EnableDiagnostics=0, or in a container that does not "
                + "share its temporary folder. SIGQUIT prints its loops where LoopDiagnostics.PrintOnQuit or EVENTLOOP_QUIT=1 is set.");
    }

    private static string FolderOf(string? temporary) => temporary?.TrimEnd('/') is { Length: > 0 } folder ? folder : "/tmp";

    private static bool HasPortIn(string folder, int id)
    {
        try
        {
            return Directory.EnumerateFiles(folder, $"dotnet-diagnostic-{id}-*").Any();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool CanRead(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Empty: it is not set. Null: that is unknown.</summary>
    private static string? ReadEnvironment(int id, string variable)
    {
        try
        {
            string found = File.ReadAllText($"/proc/{id}/environ").Split('\0').FirstOrDefault(one => one.StartsWith(variable + "=", StringComparison.Ordinal))
                ?? "";
            return found.Length > 0 ? found[(variable.Length + 1)..] : "";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // For programs whose libraries are separate files; for others only the response tells.
    private static bool HasNoLibrary(int id)
    {
        try
        {
            string maps = File.ReadAllText($"/proc/{id}/maps");
            return maps.Contains("System.Private.CoreLib.dll", StringComparison.Ordinal) && maps.Contains(".dll", StringComparison.Ordinal)
                && !maps.Contains("/EventLoop.dll", StringComparison.Ordinal);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether it certainly has loaded the library.</summary>
    internal bool HasLibrary
    {
        get
        {
            try
            {
                return File.ReadAllText($"/proc/{Id}/maps").Contains("/EventLoop.dll", StringComparison.Ordinal);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    internal bool HasEnded
    {
        get
        {
            try
            {
                using var process = Process.GetProcessById(Id);
                return process.HasExited || State == 'Z';      // its parent has not noticed yet
            }
            catch (Exception failure) when (failure is ArgumentException or InvalidOperationException)
            {
                return true;
            }
        }
    }

    /// <summary>The same of one whose connection has been closed, which happens before its number is freed.</summary>
    internal bool EndsNow() => EndsWithin(EndLimit);

    private bool EndsWithin(TimeSpan limit) => SpinWait.SpinUntil(() => HasEnded, limit);

    /// <summary>Opens an event session.</summary>
    /// <exception cref="ToolException">It cannot be opened; why.</exception>
    internal EventPipeSession Open(EventPipeProvider provider, bool requestRundown, int megabytes)
    {
        try
        {
            return Client.StartEventPipeSession([provider], requestRundown, megabytes);
        }
        catch (Exception refused) when (refused is ServerNotAvailableException or DiagnosticsClientException or IOException
            or UnauthorizedAccessException or SocketException or TimeoutException)
        {
            bool isForbidden = refused is UnauthorizedAccessException || refused.InnerException is UnauthorizedAccessException
                || refused.Message.Contains("ermission", StringComparison.Ordinal);
            throw HasEnded || (!isForbidden && EndsWithin(ShortEndLimit)) ? Ended()
                : isForbidden ? new ToolException(ExitCode.NoPermission,
                    $"The diagnostics port of process {Id} may not be opened: run the tool as the process's user, or as root.")
                : IsLeftOver(refused) ? NoPort(Id, Name)
                : new ToolException(ExitCode.NoPort, $"The diagnostics port of process {Id} does not answer: {refused.Message}");
        }
    }

    // The port's file was left by an earlier process with this number, perhaps in another folder than the one in which this one's would be.
    private bool IsLeftOver(Exception refused) =>
        (refused as SocketException ?? refused.InnerException as SocketException)?.SocketErrorCode == SocketError.ConnectionRefused
        || refused.Message.Contains("refused", StringComparison.Ordinal)
        || (ReadEnvironment(Id, "TMPDIR") is { } theirs && !HasPortIn(FolderOf(theirs), Id));

    private ToolException Ended() => new(ExitCode.TargetEnded, $"Process {Id} ({Name}) has ended.");

    /// <summary>What is told when something that it had begun to answer was not completed.</summary>
    /// <param name="what">What.</param>
    /// <param name="why">Why, if it has not ended.</param>
    internal ToolException BrokeOff(string what, string? why) => EndsNow() ? Ended()
        : new ToolException(ExitCode.NoAnswer, $"{what} of process {Id} ({Name}) broke off{(why is null ? "." : $": {why}")}");

    internal bool IsStopped => State is 'T' or 't';

    // As the system reports it; a blank if that is unknown.
    private char State
    {
        get
        {
            try
            {
                string stat = File.ReadAllText($"/proc/{Id}/stat");
                return stat[stat.LastIndexOf(')') + 2];
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
            {
                return ' ';
            }
        }
    }

    internal ToolException Silent(TimeSpan timeout, bool heard)
    {
        if (HasEnded)
        {
            return new ToolException(ExitCode.TargetEnded, $"Process {Id} ({Name}) ended before it had answered.");
        }

        if (IsStopped)
        {
            return new ToolException(ExitCode.NoAnswer, $"Process {Id} ({Name}) is stopped (SIGSTOP, or a debugger) and cannot answer.");
        }

        return heard
            ? new ToolException(ExitCode.NoAnswer,
                $"Process {Id} ({Name}) did not complete its answer within {timeout.TotalSeconds:0.#} s; --timeout gives it more.")
            : new ToolException(ExitCode.NoEventLoop,
                $"Process {Id} ({Name}) does not answer: it has made no loop yet, or its event sources are switched off (EventSourceSupport in its project, "
                    + "System.Diagnostics.Tracing.EventSource.IsSupported in its runtimeconfig.json). Then nothing can look from outside: SIGQUIT prints its "
                    + "loops where EVENTLOOP_QUIT=1 is set, and LoopDiagnostics.DumpOn writes them.");
    }
}
