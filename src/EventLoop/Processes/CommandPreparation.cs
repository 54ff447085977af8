using System.Collections;
using EventLoop.Native;

namespace EventLoop.Processes;

/// <summary>Turns a command into what the system takes, and the system's refusals into exceptions.</summary>
internal static class CommandPreparation
{
    private const string DefaultPath = "/usr/bin:/bin";

    /// <exception cref="ArgumentException">Some part of the command is impossible.</exception>
    /// <exception cref="PlatformNotSupportedException">It has a working directory, and this system's C library cannot set one.</exception>
    internal static ChildStart Prepare(ProcessCommand command, bool detached = false)
    {
        RefuseFolder(command, Libc.CanChangeFolder);
        RefuseToOutput(command.Input, nameof(ProcessCommand.Input));
        RefuseToOutput(command.Output, nameof(ProcessCommand.Output));
        var inherited = !command.ClearEnvironment && command.Environment is not { Count: > 0 } ? InheritedEnvironment.Take() : null;
        var environment = inherited is null ? EnvironmentOf(command) : null;
        string[] texts = [command.ArgumentZero ?? command.FileName, .. command.Arguments];
        const int standard = 3;
        var streams = new ChildStream[standard + command.InheritedHandles.Count];
        (streams[0], streams[1], streams[2]) = (command.Input.ToStream(), command.Output.ToStream(), command.Error.ToStream());
        for (int place = standard; place < streams.Length; place++)
        {
            streams[place] = Stdio.Handle(command.InheritedHandles[place - standard]).ToStream();
        }

        var start = new ChildStart
        {
            Paths = PathsOf(command, environment is null ? inherited!.SearchPath : (string?)environment["PATH"]),
            Arguments = texts,
            Environment = environment,
            Inherited = inherited?.Texts,
            Folder = command.WorkingDirectory,
            HasOwnGroup = command.HasOwnGroup,
            HasOwnSession = detached || command.Group == ProcessGroup.NewSession,
            Streams = streams,
        };
        RefuseZero(command.FileName);
        RefuseZero(command.WorkingDirectory ?? "");
        foreach (string text in texts)
        {
            RefuseZero(text);
        }

        foreach (var stream in streams)
        {
            RefuseZero(stream.Path ?? "");
        }

        if (command.Environment is { } changes)
        {
            foreach (var (name, value) in changes)
            {
                RefuseZero(name);
                RefuseZero(value ?? "");
            }
        }

        return start;
    }

    /// <summary>The exception for the system's error number.</summary>
    internal static Exception Explain(ProcessCommand command, int error, string? what)
    {
        string reason = System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error);
        if (what is not null)
        {
            string text = $"{Shown(command.FileName)} could not be started: cannot {what}: {reason}.";
            return error switch
            {
                Errno.NoEntry => new FileNotFoundException(text),
                Errno.NotFolder => new DirectoryNotFoundException(text),
                Errno.NoAccess or Errno.NotPermitted => new UnauthorizedAccessException(text),
                Errno.BadDescriptor => new ObjectDisposedException("handle", text),
                _ => new IOException(text, error),
            };
        }

        string start = $"{Shown(command.FileName)} could not be started";
        return error switch
        {
            Errno.NoEntry or Errno.NotFolder when command.WorkingDirectory is { } folder && !Directory.Exists(folder) =>
                new DirectoryNotFoundException($"{start}: there is no directory {folder} to run it in."),
            Errno.NoEntry or Errno.NotFolder when command.FileName.Contains('/')
                && File.Exists(Path.Combine(command.WorkingDirectory ?? "", command.FileName)) =>
                new FileNotFoundException($"{start}: the interpreter or loader that it names does not exist.", command.FileName),
            Errno.NoEntry or Errno.NotFolder when command.FileName == ProcessCommand.ShellProgram => new FileNotFoundException(
                $"{start}: this system has no shell, which ProcessCommand.Shell needs. Name the program and its arguments instead.", command.FileName),
            Errno.NoEntry or Errno.NotFolder => new FileNotFoundException(
                command.FileName.Contains('/') ? $"{start}: there is no such program." : $"{start}: there is no such program in the PATH that it gets.",
                    command.FileName),
            Errno.NoAccess or Errno.NotPermitted =>
                new UnauthorizedAccessException($"{start}: it is not executable, or a directory, or this process may not run it ({reason})."),
            Errno.NoFormat => new IOException($"{start}: it is neither a program nor a script that begins with #!.", error),
            Errno.TooManyArguments => new IOException($"{start}: its arguments and environment are too long ({reason}).", error),
            Errno.Again => new IOException(
                $"{start}: no more processes are allowed (RLIMIT_NPROC of the user, pids.max of the control group, or the system's).",
                error),
            _ => new IOException($"{start}: {reason}.", error),
        };
    }

    private static void RefuseToOutput(Stdio stream, string name)
    {
        if (stream.IsToOutput)
        {
            throw new ArgumentException($"Stdio.ToOutput is for ProcessCommand.Error only, not for {name}: it says that the errors go wherever the output "
                + "goes.", "command");
        }
    }

    internal static void RefuseFolder(ProcessCommand command, bool canChangeFolder)
    {
        if (command.WorkingDirectory is not null && !canChangeFolder)
        {
            throw new PlatformNotSupportedException(
                "ProcessCommand.WorkingDirectory needs posix_spawn_file_actions_addchdir_np, which glibc has since version 2.29 and musl since 1.1.24; this "
                    + "system's C library is older. Start a shell that goes there: ProcessCommand.Shell(\"cd \\\"$1\\\" && exec program\", folder).");
        }
    }

    private static void RefuseZero(string text)
    {
        if (text.Contains('\0'))
        {
            throw new ArgumentException($"There is a zero character in {Shown(text)}, and no program can be given one.", "command");
        }
    }

    // A copy of this process's environment as it is at this moment.
    private static IDictionary EnvironmentOf(ProcessCommand command)
    {
        var all = command.ClearEnvironment ? new Hashtable() : Environment.GetEnvironmentVariables();
        if (command.Environment is not { } changes)
        {
            return all;
        }

        foreach (var (name, value) in changes)
        {
            if (name.Length == 0 || name.Contains('='))
            {
                throw new ArgumentException($"'{name}' cannot be the name of an environment variable.", nameof(command));
            }

            if (value is null)
            {
                all.Remove(name);
            }
            else
            {
                all[name] = value;
            }
        }

        return all;
    }

    private static IReadOnlyList<string> PathsOf(ProcessCommand command, string? searchPath)
    {
        if (command.FileName.Contains('/'))
        {
            return [command.FileName];
        }

        string path = searchPath ?? DefaultPath;
        return [.. path.Split(':').Select(folder => $"{(folder.Length == 0 ? "." : folder)}/{command.FileName}")];
    }

    private static string Shown(string text) => text.Length <= 200 ? $"'{text.Replace("\0", "\\0")}'" : $"'{text[..200].Replace("\0", "\\0")}...'";
}
