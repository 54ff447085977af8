using System.Collections.ObjectModel;
using System.Runtime.InteropServices;
using System.Text;
using EventLoop.Net.Pipes;
using EventLoop.Processes;
using EventLoop.SignalHandling;

namespace EventLoop;

/// <summary>What to run, and how. Immutable: <c>with</c> makes another one. Nothing happens until it is passed to <see cref="Subprocess"/>.</summary>
public sealed record ProcessCommand
{
    internal const string ShellProgram = "/bin/sh";

    /// <summary>Makes a command from a program and its arguments.</summary>
    /// <param name="fileName">
    /// A path, if it contains a slash, relative to the working directory; otherwise it is looked up in the PATH that the child gets (/usr/bin:/bin if it gets
    /// none).
    /// </param>
    /// <param name="arguments">Passed on unchanged: nothing is split, quoted or expanded.</param>
    public ProcessCommand(string fileName, params IEnumerable<string> arguments)
    {
        ArgumentException.ThrowIfNullOrEmpty(fileName);
        ArgumentNullException.ThrowIfNull(arguments);
        FileName = fileName;
        Arguments = arguments as IReadOnlyList<string> ?? [.. arguments];
    }

    /// <summary><c>/bin/sh -c script</c>. asyncio: <c>create_subprocess_shell</c>.</summary>
    /// <param name="script">The shell script.</param>
    /// <param name="arguments">Values, which arrive as $1, $2, ...: never paste them into the script.</param>
    public static ProcessCommand Shell(string script, params IEnumerable<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(arguments);
        return new ProcessCommand(ShellProgram, ["-c", script, ShellProgram, .. arguments]);
    }

    /// <summary>The program.</summary>
    public string FileName
    {
        get;
        init
        {
            ArgumentException.ThrowIfNullOrEmpty(value);
            field = value;
        }
    }

    /// <summary>The arguments, without argv[0].</summary>
    public IReadOnlyList<string> Arguments
    {
        get;
        init => field = Copy(value, nameof(Arguments));
    }

    /// <summary>argv[0]; null: the file name.</summary>
    public string? ArgumentZero { get; init; }

    /// <summary>The working directory; null: this process's at the time of the start. Needs glibc 2.29 or musl 1.1.24; with an older one such a start throws
    /// <see cref="PlatformNotSupportedException"/>.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Changes to this process's environment; a null value removes a variable. With <see cref="ClearEnvironment"/> this is all that the child
    /// gets.</summary>
    public IReadOnlyDictionary<string, string?>? Environment
    {
        get;
        init => field = value is null ? null : new ReadOnlyDictionary<string, string?>(new Dictionary<string, string?>(value));
    }

    /// <summary>Whether the child gets none of this process's environment.</summary>
    public bool ClearEnvironment { get; init; }

    /// <summary>Its standard input. If not set: <see cref="Stdio.Inherit"/> for StartAsync and RunAsync; for members that capture or read, the input passed to
    /// them, or nothing; nothing for StartDetachedAsync.</summary>
    public Stdio Input { get; init; }

    /// <summary>Where this stream goes. If not set: <see cref="Stdio.Inherit"/> for StartAsync and RunAsync, captured by members that capture or read, nothing
    /// for StartDetachedAsync. A value that is set always holds.</summary>
    public Stdio Output { get; init; }

    /// <inheritdoc cref="Output"/>
    public Stdio Error { get; init; }

    /// <summary>Handles that the child has as descriptors 3, 4, ... in this order; everything else that is open here is closed there. The caller still has to
    /// close them. Python: <c>pass_fds</c>.</summary>
    public IReadOnlyList<SafeHandle> InheritedHandles
    {
        get;
        init => field = Copy(value, nameof(InheritedHandles));
    } = [];

    /// <summary>The encoding of texts that are written to it and read from it. Default: UTF-8 without a byte order mark; invalid input is replaced.</summary>
    public Encoding Encoding
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = PipeEncoding.Utf8;

    /// <summary>The process group: whether Ctrl-C at the terminal reaches the child, and what a signal to the whole tree reaches.</summary>
    public ProcessGroup Group { get; init; }

    /// <summary>
    /// Whether the child, and everything in its process group, is killed when this process ends, however it ends, even by SIGKILL. Implies a group of its own.
    /// Needs /bin/sh for a guard; without it the start throws <see cref="PlatformNotSupportedException"/>.
    /// </summary>
    public bool KillOnParentExit { get; init; }

    /// <summary>The signal that <see cref="Subprocess.StopAsync"/>, a cancelled run and Dispose send first.</summary>
    public PosixSignal StopSignal
    {
        get;
        init => field = SignalNumbers.Named(SignalNumbers.Of(value));
    } = PosixSignal.SIGTERM;

    /// <summary>How long after that they kill; zero: at once.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long <see cref="Subprocess.Output"/> and <see cref="Subprocess.Error"/> stay open after the child has ended while somebody else, usually a
    /// grandchild, still holds them: then they end, so that nobody hangs. Everything that the child itself wrote can still be read.
    /// <see cref="Timeout.InfiniteTimeSpan"/>: they end with the last holder, as in asyncio.
    /// </summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(1);

    internal bool HasOwnGroup => Group != ProcessGroup.Inherit || KillOnParentExit;

    /// <summary>The command as it could be typed into a shell; for messages.</summary>
    public override string ToString()
    {
        const int most = 1000;
        // Otherwise the shell would take it for an assignment
        var text = new StringBuilder(FileName.Contains('=') ? InQuotes(FileName) : Quoted(FileName));
        foreach (string argument in Arguments)
        {
            text.Append(' ').Append(Quoted(argument));
            if (text.Length > most)
            {
                return text.ToString(0, most) + " ...";
            }
        }

        return text.ToString();
    }

    private static string Quoted(string word) =>
        word.Length > 0 && word.All(static letter => char.IsAsciiLetterOrDigit(letter) || "_-./=:,+@%".Contains(letter)) ? word : InQuotes(word);

    private static string InQuotes(string word) => $"'{word.Replace("'", "'\\''")}'";

    // A copy, so that nobody changes it afterwards.
    private static ReadOnlyCollection<T> Copy<T>(IReadOnlyList<T> list, string name) where T : class
    {
        ArgumentNullException.ThrowIfNull(list, name);
        T[] copy = [.. list];
        return Array.IndexOf(copy, null) is >= 0 and var place
            ? throw new ArgumentException($"Number {place} of ProcessCommand.{name} is null.", name) : Array.AsReadOnly(copy);
    }
}
