using System.Runtime.InteropServices;
using EventLoop.Native;

namespace EventLoop;

/// <summary>Where one of a child's standard streams goes. The default value leaves that to how the child is run.</summary>
public readonly struct Stdio
{
    private readonly StdioKind kind;
    private readonly string? path;
    private readonly bool append;
    private readonly SafeHandle? handle;

    private Stdio(StdioKind kind, string? path = null, bool append = false, SafeHandle? handle = null)
    {
        this.kind = kind;
        this.path = path;
        this.append = append;
        this.handle = handle;
    }

    private enum StdioKind : byte
    {
        Unsaid,
        Inherit,
        Pipe,
        Null,
        ToOutput,
        File,
        Handle,
    }

    /// <summary>This process's own stream.</summary>
    public static Stdio Inherit => new(StdioKind.Inherit);

    /// <summary>A pipe to this process: <see cref="Subprocess.Input"/>, <see cref="Subprocess.Output"/>,
    /// <see cref="Subprocess.Error"/>. asyncio: <c>PIPE</c>.</summary>
    public static Stdio Pipe => new(StdioKind.Pipe);

    /// <summary>Nothing can be read, and what is written is discarded. asyncio: <c>DEVNULL</c>.</summary>
    public static Stdio Null => new(StdioKind.Null);

    /// <summary>The same place as the standard output, in the order of the writes. For the error output only; elsewhere the start throws
    /// <see cref="ArgumentException"/>. asyncio: <c>STDOUT</c>.</summary>
    public static Stdio ToOutput => new(StdioKind.ToOutput);

    internal bool IsSaid => kind != StdioKind.Unsaid;

    internal bool IsPipe => kind == StdioKind.Pipe;

    internal bool IsToOutput => kind == StdioKind.ToOutput;

    /// <summary>A file, which is opened when the child is started; errors are thrown there.</summary>
    /// <param name="path">Relative to this process's directory. For output it is created if necessary.</param>
    /// <param name="append">Whether output is appended; otherwise the file is emptied first.</param>
    public static Stdio File(string path, bool append = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(StdioKind.File, path, append);
    }

    /// <summary>An open file, pipe or socket, which the caller still has to close; the child gets a copy.</summary>
    /// <param name="handle">Open when the child is started.</param>
    public static Stdio Handle(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new(StdioKind.Handle, handle: handle);
    }

    /// <inheritdoc/>
    public override string ToString() => kind switch
    {
        StdioKind.File => $"File({path}{(append ? ", append" : "")})",
        StdioKind.Unsaid => "not said",
        _ => kind.ToString(),
    };

    /// <summary>This value, or the other if this one is not set.</summary>
    internal Stdio Or(Stdio other) => IsSaid ? this : other;

    internal ChildStream ToStream() => kind switch
    {
        StdioKind.Pipe => new ChildStream(ChildStreamKind.Pipe),
        StdioKind.Null => new ChildStream(ChildStreamKind.Null),
        StdioKind.ToOutput => new ChildStream(ChildStreamKind.SameAsOutput),
        StdioKind.File => new ChildStream(ChildStreamKind.File, path, append),
        StdioKind.Handle => new ChildStream(ChildStreamKind.Handle, Handle: handle),
        _ => new ChildStream(ChildStreamKind.Inherit),
    };
}
