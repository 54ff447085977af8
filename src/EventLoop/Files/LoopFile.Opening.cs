using System.Text;
using EventLoop.Native;
using EventLoop.Scheduling;

namespace EventLoop.IO;

// Members that take a path.
public sealed partial class LoopFile
{
    /// <summary>Opens a file; like <see cref="File.OpenHandle"/>, with the same parameters.</summary>
    /// <param name="path">Relative to the current folder.</param>
    /// <param name="mode">Whether the file may, or must, exist.</param>
    /// <param name="access">What it is opened for.</param>
    /// <param name="share">What others may do with it meanwhile.</param>
    /// <param name="options">Hints.</param>
    /// <param name="preallocationSize">How many bytes to reserve for a new file.</param>
    /// <remarks>
    /// A file that is opened for reading, and whose path the system has in memory, is opened on the loop's thread in some microseconds; others are opened by
    /// the default executor. <b>Cancellation:</b> ends the wait at once; a file that was opened nevertheless is closed.
    /// </remarks>
    /// <exception cref="FileNotFoundException">There is no such file. Other errors as for <see cref="File.OpenHandle"/>.</exception>
    /// <exception cref="NotSupportedException">It is a pipe, a terminal or a socket, which was not opened.</exception>
    public static Coroutine<LoopFile> OpenAsync(
        string path,
        FileMode mode = FileMode.Open,
        FileAccess access = FileAccess.Read,
        FileShare share = FileShare.Read,
        FileOptions options = FileOptions.None,
        long preallocationSize = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return OpenCoreAsync();

        async Coroutine<LoopFile> OpenCoreAsync()
        {
            await Loop.CheckPoint();
            if (mode == FileMode.Open && access == FileAccess.Read && IsPlain(share) && options == FileOptions.None && TryOpenAtOnce(path) is { } open)
            {
                return open;
            }

            return await new ThreadedOpening<LoopFile>(
                () => OpenHere(path, mode, access, share, options, preallocationSize), static file => _ = file.DisposeAsync().AsTask()).Run();
        }
    }

    /// <summary>Asks the system about a file or a folder, following links. Python: <c>os.stat</c>.</summary>
    /// <param name="path">Relative to the current folder.</param>
    /// <returns>The status; null: there is nothing, or it may not be seen.</returns>
    /// <remarks>Done by the default executor. For an open file use <see cref="GetStatusAsync()"/>.</remarks>
    public static Coroutine<FileStatus?> GetStatusAsync(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Loop.ToThread<FileStatus?>(() =>
        {
            if (OperatingSystem.IsLinux())
            {
                return FileFacts.Of(path, out _) is { } facts ? new FileStatus(facts) : null;
            }

            return File.Exists(path) ? new FileStatus(new FileInfo(path)) : Directory.Exists(path) ? new FileStatus(new DirectoryInfo(path)) : null;
        });
    }

    /// <summary>Opens a file, reads all of it and closes it.</summary>
    /// <param name="path">Relative to the current folder.</param>
    /// <returns>The content, as long as it was when the file was opened: what is appended while it is read is not included.</returns>
    /// <inheritdoc cref="OpenAsync" path="/exception"/>
    /// <exception cref="IOException">The file has two gigabytes or more, or cannot be read.</exception>
    public static async Coroutine<byte[]> ReadAllBytesAsync(string path)
    {
        await using var file = await OpenAsync(path);
        long length = await file.GetLengthAsync();
        if (length > Array.MaxLength)
        {
            throw new IOException($"'{path}' is too long to be read as a whole: {length} bytes. Read it in parts.");
        }

        // Files in /proc have no length, and are read to their end. What is read over is not cleared before.
        var bytes = LargePages.NewArray(length == 0 ? 4096 : (int)length);
        int read = 0;
        while (await file.ReadAsync(bytes.AsMemory(read), read) is > 0 and var part)
        {
            read += part;
            if (read == bytes.Length && length == 0)
            {
                Array.Resize(ref bytes, bytes.Length * 2);
            }
        }

        return read == bytes.Length ? bytes : bytes[..read];
    }

    /// <summary>Opens a file, reads all of it as a text and closes it.</summary>
    /// <param name="path">Relative to the current folder.</param>
    /// <param name="encoding">Null: UTF-8, unless the file begins with the byte order mark of another encoding.</param>
    /// <returns>The text.</returns>
    /// <inheritdoc cref="ReadAllBytesAsync" path="/exception"/>
    public static async Coroutine<string> ReadAllTextAsync(string path, Encoding? encoding = null)
    {
        using var reader = new StreamReader(new MemoryStream(await ReadAllBytesAsync(path)), encoding ?? Encoding.UTF8);
        return reader.ReadToEnd();
    }

    // A lock that others may share, in all forms, and no inheritance.
    private static bool IsPlain(FileShare share) => share != FileShare.None && (share & FileShare.Inheritable) == 0;

    private static LoopFile? TryOpenAtOnce(string path)
    {
        if (path.Contains('\0') || FileOpening.TryOpen(null, path, isConfined: false, waits: false, out var handle, out var facts, out _) != FileOpened.Yes)
        {
            return null;
        }

        if (!FileOpening.TryShare(handle!))
        {
            handle!.Dispose();      // opening it in the ordinary way reports the error
            return null;
        }

        return new LoopFile(handle!, isLocal: true) { Path = path, KnownStatus = new FileStatus(facts) };
    }

    private static LoopFile OpenHere(string path, FileMode mode, FileAccess access, FileShare share, FileOptions options, long preallocationSize)
    {
        // Opening a pipe waits for its other end; that case is detected there.
        if (OperatingSystem.IsLinux() && !path.Contains('\0') && FileFacts.Of(path, out _) is { HasPositions: false, IsFolder: false })
        {
            throw WithoutPositions($"'{path}'");
        }

        var handle = File.OpenHandle(path, mode, access, share, options, preallocationSize);
        bool isLocal = FileOpening.IsLocal(handle);
        return new LoopFile(handle, isLocal)
        {
            Path = path,
            isWritten = mode is FileMode.Create or FileMode.Truncate,
            KnownStatus = new FileStatus(FileFacts.Of(handle, path)),
        };
    }
}
