using System.Collections.ObjectModel;
using System.Runtime.InteropServices;
using System.Text;
using EventLoop.Net.Pipes;
using EventLoop.Processes;
using EventLoop.SignalHandling;

namespace EventLoop;

/// <summary>What to run and how. Immutable: <c>with</c> makes another. Nothing happens until it is handed to <see cref="Subprocess"/>.</summary>
public sealed record ProcessCommand
{
    /// <summary>A program and its arguments.</summary>
    /// <param name="fileName">
    /// A path if it has a slash, relative to the working directory; else it is looked up in the PATH that the child gets (/usr/bin:/bin where it gets none).
    /// </param>
    /// <param name="arguments">Handed over as they are: nothing is split, quoted or expanded.</param>
    public ProcessCommand(string fileName, params IEnumerable<string> arguments)
    {
        ArgumentException.ThrowIfNullOrEmpty(fileName);
        ArgumentNullException.ThrowIfNull(arguments);
        FileName = fileName;
        Arguments = arguments as IReadOnlyList<string> ?? [.. arguments];
    }

    /// <summary><c>/bin/sh -c script</c>. asyncio: <c>create_subprocess_shell</c>.</summary>
    /// <param name="script">For the shell.</param>
    /// <param name="arguments">Values, which come in as $1, $2, ...: never paste them into the text.</param>
    public static ProcessCommand Shell(string script, params IEnumerable<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(arguments);
        return new ProcessCommand("/bin/sh", ["-c", script, "/bin/sh", .. arguments]);
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

    /// <summary>What it is given.</summary>
    public IReadOnlyList<string> Arguments
    {
        get;
        init => field = Copy(value, nameof(Arguments));
    }

    /// <summary>argv[0]; null: the file name.</summary>
    public string? ArgumentZero { get; init; }

    /// <summary>Null: this process's at the time of the start.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Changes to the environment of this process; a null value takes a variable away. With
    /// <see cref="ClearEnvironment"/> it is all that the child gets.</summary>
    public IReadOnlyDictionary<string, string?>? Environment
    {
        get;
        init => field = value is null ? null : new ReadOnlyDictionary<string, string?>(new Dictionary<string, string?>(value));
    }

    /// <summary>Whether the child gets nothing of this process's environment.</summary>
    public bool ClearEnvironment { get; init; }

    /// <summary>Not said: <see cref="Stdio.Inherit"/> for StartAsync and RunAsync; for what captures or reads, the
    /// input given there, else nothing; nothing for StartDetachedAsync.</summary>
    public Stdio Input { get; init; }

    /// <summary>Not said: <see cref="Stdio.Inherit"/> for StartAsync and RunAsync, captured by what captures or reads,
    /// nothing for StartDetachedAsync. What is said holds everywhere.</summary>
    public Stdio Output { get; init; }

    /// <inheritdoc cref="Output"/>
    public Stdio Error { get; init; }

    /// <summary>The child has them as descriptors 3, 4, ... in this order, and no others: whatever else is open here is closed there. They stay this side's to
    /// close. Python: <c>pass_fds</c>.</summary>
    public IReadOnlyList<SafeHandle> InheritedHandles
    {
        get;
        init => field = Copy(value, nameof(InheritedHandles));
    } = [];

    /// <summary>Of texts that are written to and read from it. UTF-8 without a mark; what is invalid is replaced.</summary>
    public Encoding Encoding
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = Texts.Utf8;

    /// <summary>Whether Ctrl-C at the terminal reaches it, and what a signal to the whole tree reaches.</summary>
    public ProcessGroup Group { get; init; }

    /// <summary>
    /// Whether it, and whatever is in its process group, is killed when this process ends, however it ends, also by SIGKILL. Implies a group of its own. Needs
    /// /bin/sh for a guard: <see cref="PlatformNotSupportedException"/> from the start without one.
    /// </summary>
    public bool KillOnParentExit { get; init; }

    /// <summary>What <see cref="Subprocess.StopAsync"/>, a cancelled run and Dispose send first.</summary>
    public PosixSignal StopSignal
    {
        get;
        init => field = SignalNumbers.Named(SignalNumbers.Of(value));
    } = PosixSignal.SIGTERM;

    /// <summary>How long after that they kill; zero: at once.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// When the child has ended and somebody else, a grandchild as a rule, still holds its output, <see cref="Subprocess.Output"/> and
    /// <see cref="Subprocess.Error"/> end so long afterwards all the same: nobody hangs. All that the child itself wrote is read in any case.
    /// <see cref="Timeout.InfiniteTimeSpan"/>: they end with the last holder, as asyncio's.
    /// </summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(1);

    internal bool HasOwnGroup => Group != ProcessGroup.Inherit || KillOnParentExit;

    /// <summary>As it could be typed into a shell; for messages.</summary>
    public override string ToString()
    {
        const int most = 1000;
        var text = new StringBuilder(FileName.Contains('=') ? InQuotes(FileName) : Quoted(FileName));      // else the shell would take it for an assignment
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
