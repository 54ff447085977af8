using System.Collections;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>What a child is started with, and the start itself, which blocks until the program runs or has turned out to be impossible to start. Any
/// thread, one at a time.</summary>
internal sealed unsafe partial class ChildStart
{
    private const short SetGroup = 0x2, SetDefaults = 0x4, SetMask = 0x8, SetSession = 0x80;
    private const int StructureRoom = 512;      // of opaque structures: 80 and 336 bytes in glibc and in musl

    /// <summary>Where to look for the program, in this order: all but the last may be missing.</summary>
    internal required IReadOnlyList<string> Paths { get; init; }

    internal required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The child's environment variables; null: those of <see cref="Inherited"/>.</summary>
    internal required IDictionary? Environment { get; init; }

    /// <summary>This process's environment variables, passed on unchanged.</summary>
    internal KeptTexts? Inherited { get; init; }

    internal string? Folder { get; init; }

    internal bool HasOwnGroup { get; init; }

    internal bool HasOwnSession { get; init; }

    /// <summary>Starts the child.</summary>
    /// <param name="error">The system's error number where the start failed.</param>
    /// <param name="what">What failed, where that was a preparation and not the start of the program itself.</param>
    /// <returns>The process ID; zero where the start failed.</returns>
    internal int Run(out int error, out string? what)
    {
        Ends = new SafeFileHandle?[Streams.Count];
        byte* actions = stackalloc byte[StructureRoom], attributes = stackalloc byte[StructureRoom];
        error = Libc.SpawnActionsInit(actions);
        what = error == 0 ? null : "prepare the start";
        if (error != 0)
        {
            CloseAhead();
            return 0;
        }

        _ = Libc.SpawnAttributesInit(attributes);
        int process = 0;
        try
        {
            error = AddStreams(actions, out what);
            if (error == 0)
            {
                using var folder = new NativeStrings(Folder is null ? [] : [Folder]);
                error = Folder is null ? 0 : Libc.SpawnActionsChangeFolder(actions, folder.First);
                SetAttributes(attributes);
                process = error == 0 ? Spawn(actions, attributes, out error) : 0;
            }
        }
        finally
        {
            _ = Libc.SpawnActionsDestroy(actions);
            _ = Libc.SpawnAttributesDestroy(attributes);
            foreach (int descriptor in opened)
            {
                _ = Libc.Close(descriptor);
            }

            opened.Clear();
            CloseAhead();
            if (process == 0)
            {
                CloseEnds();
            }
        }

        return process;
    }

    private int Spawn(void* actions, void* attributes, out int error)
    {
        using var arguments = new NativeStrings(Arguments);
        using var environment = Environment is null ? default : new NativeStrings(Environment);
        byte** variables = Environment is null ? Inherited!.All : environment.All;
        error = Errno.NoEntry;
        int refused = 0;
        foreach (string path in Paths)
        {
            using var name = new NativeStrings([path]);
            if (Paths.Count > 1 && !MayBeThere(path))
            {
                error = Errno.NoEntry;
                continue;
            }

            int process = 0;
            error = Libc.Spawn(&process, name.First, actions, attributes, arguments.All, variables);
            GC.KeepAlive(Inherited);
            if (error == 0)
            {
                return process;
            }

            if (error == Errno.NoAccess)
            {
                refused = error;
            }
            else if (error is not (Errno.NoEntry or Errno.NotFolder))
            {
                return 0;
            }
        }

        error = refused != 0 ? refused : error;
        return 0;
    }

    // A look costs a hundredth of what an attempt does.
    private bool MayBeThere(string path)
    {
        using var name = new NativeStrings([Folder is null ? path : Path.Combine(Folder, path)]);
        return Libc.Access(name.First, 0) == 0 || Libc.LastError is not (Errno.NoEntry or Errno.NotFolder);
    }

    // Every signal has its default action (.NET ignores SIGPIPE), and none is blocked.
    private void SetAttributes(void* attributes)
    {
        byte* all = stackalloc byte[128], none = stackalloc byte[128];
        new Span<byte>(all, 128).Fill(0xFF);
        new Span<byte>(none, 128).Clear();
        _ = Libc.SpawnAttributesSetDefault(attributes, all);
        _ = Libc.SpawnAttributesSetMask(attributes, none);
        int flags = SetDefaults | SetMask;
        if (HasOwnSession)
        {
            flags |= SetSession;
        }
        else if (HasOwnGroup)
        {
            flags |= SetGroup;
            _ = Libc.SpawnAttributesSetGroup(attributes, 0);
        }

        _ = Libc.SpawnAttributesSetFlags(attributes, (short)flags);
    }
}
