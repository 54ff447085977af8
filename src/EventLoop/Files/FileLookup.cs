using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.IO;

/// <summary>The result of looking up a path below a folder.</summary>
internal readonly record struct FileLookup(FileOpened Answer, SafeFileHandle? Handle, FileFacts Facts, bool IsLocal)
{
    /// <summary>Looks a path up as far as that is possible without waiting.</summary>
    internal static FileLookup Try(SafeFileHandle folder, string path) => Find(folder, path, waits: false);

    /// <summary>Looks a path up and waits as long as necessary; for threads other than the loop's.</summary>
    /// <param name="folder">Null: the system cannot open files relative to a folder.</param>
    /// <param name="root">The path of the same folder.</param>
    /// <param name="path">A path below it.</param>
    internal static FileLookup Find(SafeFileHandle? folder, string root, string path)
    {
        var found = folder is null ? new(FileOpened.Unsupported, null, default, false) : Find(folder, path, waits: true);
        return found.Answer == FileOpened.Unsupported ? FindPortably(root, path) : found;
    }

    private static FileLookup Find(SafeFileHandle folder, string path, bool waits)
    {
        var answer = FileOpening.TryOpen(folder, path, isConfined: true, waits, out var handle, out var facts, out bool isLocal);
        return new(answer, handle, facts, isLocal);
    }

    private static FileLookup FindPortably(string root, string path)
    {
        try
        {
            string full = Path.GetFullPath(Path.Join(root, path));
            string below = Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar;
            if (path[0] is '/' or '\\' || path[^1] is '/' || !full.StartsWith(below, StringComparison.Ordinal)
                || IsBehindLink(root, full) || !File.Exists(full))
            {
                return new(FileOpened.No, null, default, false);
            }

            if (OperatingSystem.IsLinux() && FileFacts.Of(full, out _) is { IsRegular: false })
            {
                return new(FileOpened.NotRegular, null, default, false);
            }

            var handle = File.OpenHandle(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            bool isLocal = FileOpening.IsLocal(handle);
            return new(FileOpened.Yes, handle, FileFacts.Of(handle, full), isLocal);
        }
        catch (Exception refused) when (refused is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or PathTooLongException)
        {
            return new(FileOpened.No, null, default, false);
        }
    }

    // A folder on the way may be a link as well as the file.
    private static bool IsBehindLink(string root, string full)
    {
        for (string? at = full; at is not null && at.Length > root.Length; at = Path.GetDirectoryName(at))
        {
            if (new FileInfo(at).LinkTarget is not null)
            {
                return true;
            }
        }

        return false;
    }
}
