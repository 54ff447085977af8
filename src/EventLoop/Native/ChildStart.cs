using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>What a child is started with, and the start itself, which blocks until the program is there or cannot be. Any thread, one at a time.</summary>
internal sealed unsafe class ChildStart
{
    private const int OpenReadWrite = 2, CloseOnExec = 0x80000, NonBlocking = 0x800, SetFlags = 4;
    private const int DuplicateCloseOnExec = 1030;
    private const short SetGroup = 0x2, SetDefaults = 0x4, SetMask = 0x8, SetSession = 0x80;
    private const int StructureRoom = 512;      // of opaque structures: 80 and 336 bytes in glibc and in musl

    private readonly List<int> opened = [];     // copies for the child, which are closed here
    private int[]? ahead;                       // files that were opened before the start, in their places

    /// <summary>Where to look for it, one after the other: all but the last may be missing.</summary>
    internal required IReadOnlyList<string> Paths { get; init; }

    internal required IReadOnlyList<string> Arguments { get; init; }

    internal required IDictionary Environment { get; init; }

    internal string? Folder { get; init; }

    internal bool HasOwnGroup { get; init; }

    internal bool HasOwnSession { get; init; }

    /// <summary>What becomes of its descriptors 0, 1, 2 and those that follow.</summary>
    internal required IReadOnlyList<ChildStream> Streams { get; init; }

    /// <summary>This side's ends of the pipes among the streams, in their places.</summary>
    internal SafeFileHandle?[] Ends { get; private set; } = [];

    /// <summary>Whether any of the streams is a file that is given by its path.</summary>
    internal bool HasFiles => Streams.Any(static stream => stream.Kind == ChildStreamKind.File);

    /// <summary>The places of files whose opening may wait for others: a FIFO's does until somebody has the other end, a device's for what it likes.</summary>
    internal List<int> FindSpecialFiles() => [.. Enumerable.Range(0, Streams.Count).Where(place =>
        Streams[place] is { Kind: ChildStreamKind.File, Path: { } path } && FileFacts.Of(path, out _) is { IsRegular: false, IsFolder: false })];

    /// <summary>Opens a file before the start, for as long as that takes.</summary>
    /// <returns>Zero, or the system's number for why not.</returns>
    internal int OpenAhead(int place)
    {
        int file;
        while ((file = OpenFile(Streams[place], place)) < 0)
        {
            if (Libc.LastError != Errno.Interrupted)
            {
                return Libc.LastError;
            }
        }

        ahead ??= new int[Streams.Count];
        ahead[place] = file;
        return 0;
    }

    /// <summary>Has whoever waits in <see cref="OpenAhead"/> for the other end of a FIFO return.</summary>
    /// <returns>False: it cannot be done.</returns>
    internal bool Unblock(int place)
    {
        using var path = new NativeTexts([Streams[place].Path!]);
        int both = Libc.Open(path.First, OpenReadWrite | CloseOnExec | NonBlocking, 0);
        return both >= 0 && Libc.Close(both) == 0;
    }

    /// <summary>Lets go of what was opened before a start that does not come.</summary>
    internal void CloseAhead()
    {
        for (int place = 0; place < (ahead?.Length ?? 0); place++)
        {
            if (ahead![place] != 0)
            {
                _ = Libc.Close(ahead[place]);
                ahead[place] = 0;
            }
        }
    }

    /// <summary>What a stream is to its child.</summary>
    internal static string NameOf(int place) =>
        place switch { 0 => "standard input", 1 => "standard output", 2 => "standard error", _ => $"descriptor {place}" };

    /// <summary>What was to be done when the opening of a file failed.</summary>
    internal string OpeningOf(int place) => $"open {Streams[place].Path} for its {NameOf(place)}";

    /// <summary>Starts it.</summary>
    /// <param name="error">The system's number for why not.</param>
    /// <param name="what">What could not be done, where it was not the program that could not be started.</param>
    /// <returns>Its number; zero: it could not be started.</returns>
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
                using var folder = new NativeTexts(Folder is null ? [] : [Folder]);
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

    /// <summary>Keeps a descriptor free, for what is to be opened when it is disposed.</summary>
    /// <exception cref="IOException">There is none.</exception>
    internal static SafeFileHandle Reserve()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            int descriptor = Libc.Open(path, OpenReadWrite | CloseOnExec, 0);
            return descriptor >= 0
                ? new SafeFileHandle(descriptor, ownsHandle: true)
                : throw new IOException($"No process could be started: {Marshal.GetPInvokeErrorMessage(Libc.LastError)}.", Libc.LastError);
        }
    }

    internal void CloseEnds()
    {
        foreach (var end in Ends)
        {
            end?.Dispose();
        }
    }

    private int Spawn(void* actions, void* attributes, out int error)
    {
        using var arguments = new NativeTexts(Arguments);
        using var environment = new NativeTexts(Environment);
        error = Errno.NoEntry;
        int refused = 0;
        foreach (string path in Paths)
        {
            using var name = new NativeTexts([path]);
            if (Paths.Count > 1 && !MayBeThere(path))
            {
                error = Errno.NoEntry;
                continue;
            }

            int process = 0;
            error = Libc.Spawn(&process, name.First, actions, attributes, arguments.All, environment.All);
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

    // A look costs a hundredth of a try.
    private bool MayBeThere(string path)
    {
        using var name = new NativeTexts([Folder is null ? path : Path.Combine(Folder, path)]);
        return Libc.Access(name.First, 0) == 0 || Libc.LastError is not (Errno.NoEntry or Errno.NotFolder);
    }

    // All signals as they are by default (.NET ignores SIGPIPE), none blocked.
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

    private int AddStreams(void* actions, out string? what)
    {
        // First a copy of each above all places, so that no place is overwritten before it was copied.
        int places = Math.Max(Streams.Count, 3);
        var sources = new int[Streams.Count];
        for (int place = 0; place < Streams.Count; place++)
        {
            int error = Open(Streams[place], place, places, out sources[place]);
            if (error != 0)
            {
                what = Streams[place].Path is not null ? OpeningOf(place) : $"make its {NameOf(place)}";
                return error;
            }
        }

        what = null;
        for (int place = 0; place < Streams.Count; place++)
        {
            var kind = Streams[place].Kind;
            int error = kind == ChildStreamKind.Inherit ? 0
                : kind == ChildStreamKind.Null ? OpenNothing(actions, place)
                : kind == ChildStreamKind.SameAsOutput ? Libc.SpawnActionsDuplicate(actions, 1, place)
                : Libc.SpawnActionsDuplicate(actions, sources[place], place);
            if (error != 0)
            {
                return error;
            }
        }

        return Libc.SpawnActionsCloseFrom != null ? Libc.SpawnActionsCloseFrom(actions, places) : 0;
    }

    private static int OpenNothing(void* actions, int place)
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            return Libc.SpawnActionsOpen(actions, place, path, OpenReadWrite, 0);
        }
    }

    private int Open(ChildStream stream, int place, int places, out int source)
    {
        source = -1;
        switch (stream.Kind)
        {
            case ChildStreamKind.Pipe:
                int* ends = stackalloc int[2];
                if (Libc.Pipe(ends, CloseOnExec) < 0)
                {
                    return Libc.LastError;
                }

                bool reads = place == 0;
                int ours = ends[reads ? 1 : 0], theirs = ends[reads ? 0 : 1];
                Ends[place] = new SafeFileHandle(ours, ownsHandle: true);
                opened.Add(theirs);
                _ = Libc.Control(ours, SetFlags, NonBlocking);
                return Lift(theirs, places, out source);

            case ChildStreamKind.File:
                int file = ahead is not null && ahead[place] != 0 ? ahead[place] : OpenFile(stream, place);
                if (file < 0)
                {
                    return Libc.LastError;
                }

                if (ahead is not null)
                {
                    ahead[place] = 0;
                }

                opened.Add(file);
                return Lift(file, places, out source);

            case ChildStreamKind.Handle:
                bool referenced = false;
                try
                {
                    stream.Handle!.DangerousAddRef(ref referenced);
                    return Lift((int)stream.Handle.DangerousGetHandle(), places, out source);
                }
                catch (ObjectDisposedException)
                {
                    return Errno.BadDescriptor;
                }
                finally
                {
                    if (referenced)
                    {
                        stream.Handle!.DangerousRelease();
                    }
                }

            default:
                return 0;
        }
    }

    private static int OpenFile(ChildStream stream, int place)
    {
        const int writeOnly = 1, create = 0x40, truncate = 0x200, append = 0x400;
        using var path = new NativeTexts([stream.Path!]);
        return Libc.Open(path.First, (place == 0 ? 0 : writeOnly | create | (stream.Appends ? append : truncate)) | CloseOnExec, 0x1B6);
    }

    private int Lift(int descriptor, int places, out int source)
    {
        source = Libc.Control(descriptor, DuplicateCloseOnExec, places);
        if (source < 0)
        {
            return Libc.LastError;
        }

        opened.Add(source);
        return 0;
    }
}

internal enum ChildStreamKind : byte
{
    Inherit,
    Pipe,
    Null,
    SameAsOutput,
    File,
    Handle,
}

/// <summary>One descriptor of a child.</summary>
internal readonly record struct ChildStream(ChildStreamKind Kind, string? Path = null, bool Appends = false, SafeHandle? Handle = null);

/// <summary>Texts as the system takes them: in UTF-8, each ended by a zero, and a list of them that ends with null.</summary>
internal readonly unsafe struct NativeTexts : IDisposable
{
    private readonly byte** all;

    internal NativeTexts(IReadOnlyList<string> texts)
    {
        nuint room = (nuint)(texts.Count + 1) * (nuint)sizeof(byte*);
        foreach (string text in texts)
        {
            room += (nuint)Encoding.UTF8.GetByteCount(text) + 1;
        }

        all = (byte**)NativeMemory.Alloc(room);
        byte* at = (byte*)(all + texts.Count + 1);
        for (int i = 0; i < texts.Count; i++)
        {
            all[i] = at;
            int most = Encoding.UTF8.GetByteCount(texts[i]);
            at += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(at, most));
            *at++ = 0;
        }

        all[texts.Count] = null;
    }

    /// <summary>Each name with its value.</summary>
    internal NativeTexts(IDictionary variables)
    {
        nuint room = (nuint)(variables.Count + 1) * (nuint)sizeof(byte*);
        for (var each = variables.GetEnumerator(); each.MoveNext();)
        {
            room += (nuint)Encoding.UTF8.GetByteCount((string)each.Key) + (nuint)Encoding.UTF8.GetByteCount((string)each.Value!) + 2;
        }

        all = (byte**)NativeMemory.Alloc(room);
        byte* at = (byte*)(all + variables.Count + 1), end = (byte*)all + room;
        int i = 0;
        for (var each = variables.GetEnumerator(); each.MoveNext();)
        {
            all[i++] = at;
            at += Encoding.UTF8.GetBytes((string)each.Key, new Span<byte>(at, (int)(end - at)));
            *at++ = (byte)'=';
            at += Encoding.UTF8.GetBytes((string)each.Value!, new Span<byte>(at, (int)(end - at)));
            *at++ = 0;
        }

        all[i] = null;
    }

    internal byte** All => all;

    internal byte* First => all[0];

    public void Dispose() => NativeMemory.Free(all);
}
