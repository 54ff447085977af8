using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>The result of an attempt to open a file.</summary>
internal enum FileOpened
{
    /// <summary>It is open.</summary>
    Yes,

    /// <summary>There is nothing that may be opened this way.</summary>
    No,

    /// <summary>It exists, but is not a regular file: a folder, a pipe, a device.</summary>
    NotRegular,

    /// <summary>That cannot be decided without waiting, for a disk or for somebody else.</summary>
    MustWait,

    /// <summary>This system does not support it, or failed in another way.</summary>
    Unsupported,
}

/// <summary>
/// Opens regular files for reading, on request only if no waiting is involved: the path is in the system's memory (openat2 with RESOLVE_CACHED, Linux 5.12),
/// and the file system is local. The file is examined before it is really opened, because opening a pipe or a device affects others.
/// </summary>
internal static unsafe class FileOpening
{
    private const ulong PathOnly = 0x20_0000, CloseOnExec = 0x8_0000, NonBlocking = 0x800;
    private const ulong NoMagicLinks = 0x02, NoLinks = 0x04, Beneath = 0x08, Cached = 0x20;
    private const int StatusSize = 256;
    private const int SharedAtOnce = 1 | 4;
    private const int Most = 4096;

    // Set once it was refused permanently: by an old system, or a sandbox that does not know the call. Any thread.
    private static volatile bool isRefused = !OperatingSystem.IsLinux();

    /// <summary>Any thread.</summary>
    /// <param name="folder">Where relative paths begin; null: the current folder.</param>
    /// <param name="path">Contains no zero character.</param>
    /// <param name="isConfined">Whether it must not lead out of the folder, nor through any link.</param>
    /// <param name="waits">Whether it may wait for the disk.</param>
    /// <param name="file">The open file, if the result says so.</param>
    /// <param name="facts">The facts about what was found.</param>
    /// <param name="isLocal">Whether its file system is local.</param>
    internal static FileOpened TryOpen(
        SafeFileHandle? folder, string path, bool isConfined, bool waits, out SafeFileHandle? file, out FileFacts facts, out bool isLocal)
    {
        file = null;
        facts = default;
        isLocal = false;
        if (isRefused)
        {
            return FileOpened.Unsupported;
        }

        byte* bytes = stackalloc byte[Most];
        if (!Encoding.UTF8.TryGetBytes(path, new Span<byte>(bytes, Most - 1), out int length))
        {
            return waits ? FileOpened.No : FileOpened.MustWait;
        }

        bytes[length] = 0;
        ulong resolve = (isConfined ? Beneath | NoLinks | NoMagicLinks : 0) | (waits ? 0 : Cached);
        bool referenced = false;
        try
        {
            folder?.DangerousAddRef(ref referenced);
            int from = folder is null ? FileFacts.CurrentFolder : (int)folder.DangerousGetHandle();
            int look = Open(from, bytes, PathOnly | CloseOnExec, resolve);
            if (look < 0)
            {
                return Refusal(Libc.LastError, resolve, waits);
            }

            FileOpened answer;
            try
            {
                answer = Look(look, waits, out facts, out isLocal);
            }
            finally
            {
                _ = Libc.Close(look);
            }

            return answer == FileOpened.Yes ? OpenForGood(from, bytes, resolve, waits, ref facts, out file) : answer;
        }
        finally
        {
            if (referenced)
            {
                folder!.DangerousRelease();
            }
        }
    }

    /// <summary>Takes the shared lock that .NET takes for a file which others may read as well. False: somebody has it exclusively.</summary>
    internal static bool TryShare(SafeFileHandle file) => Libc.Lock((int)file.DangerousGetHandle(), SharedAtOnce) == 0 || Libc.LastError != Errno.Again;

    /// <summary>A folder for <see cref="TryOpen"/>; null where the system cannot open files this way.</summary>
    internal static SafeFileHandle? TryOpenFolder(string path)
    {
        if (isRefused)
        {
            return null;
        }

        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            int descriptor = Open(FileFacts.CurrentFolder, name, PathOnly | CloseOnExec, 0);
            if (descriptor < 0)
            {
                _ = Refusal(Libc.LastError, 0, waits: true);
            }

            return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        }
    }

    internal static bool IsLocal(SafeFileHandle file)
    {
        bool referenced = false;
        try
        {
            file.DangerousAddRef(ref referenced);
            return OperatingSystem.IsLinux() && IsLocal((int)file.DangerousGetHandle());
        }
        finally
        {
            if (referenced)
            {
                file.DangerousRelease();
            }
        }
    }

    private static FileOpened Look(int descriptor, bool waits, out FileFacts facts, out bool isLocal)
    {
        facts = default;
        isLocal = IsLocal(descriptor);
        if (!isLocal && !waits)
        {
            return FileOpened.MustWait;
        }

        if (FileFacts.Of(descriptor) is not { } found)
        {
            return FileOpened.No;
        }

        facts = found;
        return found.IsRegular ? FileOpened.Yes : FileOpened.NotRegular;
    }

    // Another file may be there by now; if it is a pipe, this does not wait for its other end.
    private static FileOpened OpenForGood(int folder, byte* path, ulong resolve, bool waits, ref FileFacts facts, out SafeFileHandle? file)
    {
        file = null;
        int descriptor = Open(folder, path, CloseOnExec | NonBlocking, resolve);
        if (descriptor < 0)
        {
            return Refusal(Libc.LastError, resolve, waits);
        }

        file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileFacts.Of(descriptor) is { IsRegular: true } found)
        {
            facts = found;
            return FileOpened.Yes;
        }

        file.Dispose();
        file = null;
        return FileOpened.NotRegular;
    }

    /// <summary>What an error of the call comes to. If the call as such is refused, nobody makes it any more.</summary>
    internal static FileOpened Refusal(int error, ulong resolve, bool waits)
    {
        if (error is Errno.NoEntry or Errno.NotFolder or Errno.NoAccess or Errno.TooManyLinks or Errno.OtherDevice or Errno.NameTooLong)
        {
            return FileOpened.No;
        }

        if (IsRefusal(error, resolve, Probe))
        {
            isRefused = true;
            return FileOpened.Unsupported;
        }

        return waits ? FileOpened.Unsupported : FileOpened.MustWait;      // .NET's own functions report what is wrong
    }

    /// <summary>Whether the call as such is refused, by an old system or a sandbox. The same errors may be about one file: a virus scanner that forbids it, or
    /// its file system, answers with them as well.</summary>
    /// <param name="error">Of a call.</param>
    /// <param name="resolve">How the call was told to resolve its path.</param>
    /// <param name="probe">Makes such a call for something that nobody forbids, and returns its error, or zero.</param>
    internal static bool IsRefusal(int error, ulong resolve, Func<ulong, int> probe) =>
        error is Errno.NotImplemented or Errno.TooManyArguments
        || (error is Errno.NotPermitted or Errno.Invalid
            && probe(resolve) is Errno.NotImplemented or Errno.TooManyArguments or Errno.NotPermitted or Errno.Invalid);

    // The root is an absolute path, which a confined look-up answers with an error of its own: then the call is known, too.
    private static int Probe(ulong resolve)
    {
        byte* root = stackalloc byte[] { (byte)'/', 0 };
        int descriptor = Open(FileFacts.CurrentFolder, root, PathOnly | CloseOnExec, resolve);
        if (descriptor < 0)
        {
            return Libc.LastError;
        }

        _ = Libc.Close(descriptor);
        return 0;
    }

    private static int Open(int folder, byte* path, ulong flags, ulong resolve)
    {
        var how = new OpenHow { Flags = flags, Resolve = resolve };
        nint descriptor;
        do
        {
            descriptor = Libc.SystemCall(Libc.OpenAt2, folder, (nint)path, (nint)(&how), sizeof(OpenHow), 0, 0);
        }
        while (descriptor < 0 && Libc.LastError == Errno.Interrupted);
        return (int)descriptor;
    }

    // Whether its file system opens a file by itself: others (NFS, FUSE) ask somebody else, who may not answer.
    private static bool IsLocal(int descriptor)
    {
        byte* status = stackalloc byte[StatusSize];
        // ext, XFS, Btrfs, tmpfs, ramfs, overlay, F2FS, ZFS, SquashFS.
        return Libc.FileSystemStatus(descriptor, status) == 0 && (ulong)*(nint*)status is
            0xEF53 or 0x5846_5342 or 0x9123_683E or 0x0102_1994 or 0x8584_58F6 or 0x794C_7630 or 0xF2F5_2010 or 0x2FC1_2FC1 or 0x7371_7368;
    }
}
