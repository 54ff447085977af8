using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

// The child's descriptors: what is opened for them before the start, and how each gets to its place.
internal sealed unsafe partial class ChildStart
{
    private const int OpenReadWrite = 2, CloseOnExec = 0x80000, NonBlocking = 0x800, SetFlags = 4;
    private const int DuplicateCloseOnExec = 1030;

    private readonly List<int> opened = [];     // the child's copies, which are closed here after the start
    private int[]? ahead;                       // files that were opened before the start, by their places; zero: none

    /// <summary>What the child's descriptors 0, 1, 2 and those that follow are.</summary>
    internal required IReadOnlyList<ChildStream> Streams { get; init; }

    /// <summary>This side's ends of the pipes, by the places of their streams.</summary>
    internal SafeFileHandle?[] Ends { get; private set; } = [];

    /// <summary>Whether any stream is a file that is named by its path.</summary>
    internal bool HasFiles => Streams.Any(static stream => stream.Kind == ChildStreamKind.File);

    /// <summary>The places of files whose opening may block: that of a FIFO does until somebody has opened the other end, that of a device for as
    /// long as it likes.</summary>
    internal List<int> FindSpecialFiles() => [.. Enumerable.Range(0, Streams.Count).Where(place =>
        Streams[place] is { Kind: ChildStreamKind.File, Path: { } path } && FileFacts.Of(path, out _) is { IsRegular: false, IsFolder: false })];

    /// <summary>Opens a file before the start; blocks for as long as that takes.</summary>
    /// <returns>Zero, or the system's error number.</returns>
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

    /// <summary>Opens the other end of a FIFO for a moment, so that a thread that is blocked in <see cref="OpenAhead"/> returns.</summary>
    /// <returns>Whether another attempt may help.</returns>
    internal bool Unblock(int place)
    {
        const int TableFull = 23, TooManyFiles = 24;
        using var path = new NativeStrings([Streams[place].Path!]);
        int both = Libc.Open(path.First, OpenReadWrite | CloseOnExec | NonBlocking, 0);
        return both >= 0 ? Libc.Close(both) == 0 : Libc.LastError is TableFull or TooManyFiles or Errno.NoMemory or Errno.Interrupted;
    }

    /// <summary>Closes what was opened for a start that does not take place.</summary>
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

    /// <summary>What the child calls the stream in this place.</summary>
    internal static string NameOf(int place) =>
        place switch { 0 => "standard input", 1 => "standard output", 2 => "standard error", _ => $"descriptor {place}" };

    /// <summary>The opening of a file, in words that complete "cannot".</summary>
    internal string OpeningOf(int place) => $"open {Streams[place].Path} for its {NameOf(place)}";

    /// <summary>Reserves a descriptor: disposing it frees one for what is opened next.</summary>
    /// <exception cref="IOException">No descriptor is left.</exception>
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

    private int AddStreams(void* actions, out string? what)
    {
        // Each source is first copied above all places, so that no place is overwritten before it has been copied.
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
        using var path = new NativeStrings([stream.Path!]);
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
