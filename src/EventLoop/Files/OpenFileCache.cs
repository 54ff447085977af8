using EventLoop.Native;
using EventLoop.Scheduling;
using EventLoop.Synchronization;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.IO;

/// <summary>Open files below one folder, for a server that sends them: opened once, and checked again only from time to time. nginx:
/// <c>open_file_cache</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> that of its loop, the one that used it last.</para>
/// <para>No path leads out of the folder, and none through a symbolic link; only regular files are opened. On Linux the system itself ensures that (openat2),
/// without a gap between the check and the opening.</para>
/// <para>Within its validity period a file counts as unchanged: of a file that was replaced the old content is returned, with its length. A file that is
/// overwritten in place may be shorter than its known length.</para>
/// <para><b>Cancellation:</b> ends the wait for a file that is not known yet.</para>
/// <para><b>Cost:</b> for a known file a table look-up and one object; for one that has to be looked up, some microseconds on the loop's thread if the system
/// has its path in memory, otherwise a hop to the default executor.</para>
/// </remarks>
/// <example>
/// <code>
/// using var site = new OpenFileCache("/srv/www");
/// await using var file = await site.TryOpenAsync("index.html");
/// long length = file?.KnownStatus?.Length ?? 0;
/// </code>
/// </example>
public sealed class OpenFileCache : IDisposable
{
    private readonly Dictionary<string, OpenFileEntry> entries = new(StringComparer.Ordinal);
    private readonly OpenFileCacheOptions options;
    private readonly string root;
    private SafeFileHandle? folder;        // the system opens relative to it
    private TimeSpan? folderValidUntil;    // null: it was never looked for
    private (ulong Device, ulong Inode) folderIdentity;
    private IntrusiveList<OpenFileEntry> byUse;      // what was used last is last
    private LoopBinding binding;
    private bool isDisposed;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="root">The folder, which may itself be a link. When the validity period has passed, but at least a second, it is looked up again.</param>
    /// <param name="options">Null: 1000 files, one second.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than one, or the validity negative.</exception>
    public OpenFileCache(string root, OpenFileCacheOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        this.options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(this.options.Capacity, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(this.options.Validity, TimeSpan.Zero, nameof(options));
        this.root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
    }

    /// <summary>The folder.</summary>
    public string Root => root;

    /// <summary>How many files it keeps open.</summary>
    public int Count => entries.Count;

    /// <summary>Returns a file, open for reading, with its <see cref="LoopFile.KnownStatus"/>. The caller disposes it; the cache keeps its own
    /// reference.</summary>
    /// <param name="path">Relative to the folder, with slashes.</param>
    /// <returns>The file; null: there is no regular file there, it must not be read, or the path leads out of the folder or through a link.</returns>
    /// <exception cref="IOException">The file cannot be opened for another reason: no descriptors are left, or the disk fails.</exception>
    /// <exception cref="ObjectDisposedException">The cache was disposed.</exception>
    /// <exception cref="InvalidOperationException">The cache belongs to another loop.</exception>
    public Coroutine<LoopFile?> TryOpenAsync(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        ObjectDisposedException.ThrowIf(isDisposed, this);
        binding.Verify("OpenFileCache.TryOpenAsync");
        return OpenAsync(path);
    }

    /// <summary>Closes the files that it keeps; those in use are closed when their users have disposed them.</summary>
    public void Clear()
    {
        while (byUse.First is { } entry)
        {
            Remove(entry);
        }
    }

    /// <summary>Closes everything, like <see cref="Clear"/>, and opens no more files.</summary>
    public void Dispose()
    {
        isDisposed = true;
        Clear();
        folder?.Dispose();
    }

    private async Coroutine<LoopFile?> OpenAsync(string path)
    {
        await Loop.CheckPoint();
        if (entries.TryGetValue(path, out var known) && Loop.Current.Time < known.ValidUntil)
        {
            NoteUse(known);
            return known.Lend();
        }

        if (path.Length == 0 || path.Contains('\0'))
        {
            return null;
        }

        if (folderValidUntil is not { } until || Loop.Current.Time >= until)
        {
            await OpenFolder();
        }

        var found = folder is null ? default : FileLookup.Try(folder, path);
        if (folder is null || found.Answer is FileOpened.MustWait or FileOpened.Unsupported)
        {
            found = await new ThreadedOpening<FileLookup>(() => FileLookup.Find(folder, root, path), static found => found.Handle?.Dispose()).Run();
        }

        if (isDisposed)
        {
            found.Handle?.Dispose();
            throw new ObjectDisposedException(nameof(OpenFileCache), "The cache was disposed while a file was looked up.");
        }

        return Note(path, found)?.Lend();
    }

    // It may be a link that leads elsewhere by now, or have been made after the cache; asked once a second at the most, because that is a hop.
    private async Coroutine OpenFolder()
    {
        folderValidUntil = TimeSpan.MaxValue;      // whoever comes meanwhile goes on with what is known
        try
        {
            var opened = await new ThreadedOpening<SafeFileHandle?>(() => FileOpening.TryOpenFolder(root), static folder => folder?.Dispose()).Run();
            var identity = opened is not null && FileFacts.Of(opened) is { } facts ? (facts.Device, facts.Inode) : default;
            if (isDisposed || (folder is not null && identity == folderIdentity))
            {
                opened?.Dispose();
            }
            else
            {
                // The one before is left to the collector: a look-up may be using it on another thread.
                (folder, folderIdentity) = (opened, identity);
            }
        }
        finally
        {
            folderValidUntil = TimeSpan.FromTicks(LoopClock.Add(Loop.Current.Time.Ticks, Math.Max(options.Validity.Ticks, TimeSpan.TicksPerSecond)));
        }
    }

    private TimeSpan ValidUntil => TimeSpan.FromTicks(LoopClock.Add(Loop.Current.Time.Ticks, options.Validity.Ticks));

    // Records what is known about the path from now on.
    private OpenFileEntry? Note(string path, in FileLookup found)
    {
        if (entries.TryGetValue(path, out var known))
        {
            if (found.Handle is { } another && known.Facts == found.Facts)
            {
                another.Dispose();      // it is still the same file
                known.WasBroughtIn = false;
                known.ValidUntil = ValidUntil;
                NoteUse(known);
                return known;
            }

            Remove(known);
        }

        if (found.Handle is null)
        {
            return null;
        }

        var entry = new OpenFileEntry(path, found.Handle, found.Facts, found.IsLocal) { ValidUntil = ValidUntil };
        entries.Add(path, entry);
        byUse.Add(entry);
        if (entries.Count > options.Capacity)
        {
            Remove(byUse.First!);
        }

        return entry;
    }

    private void Remove(OpenFileEntry entry)
    {
        entries.Remove(entry.Path);
        byUse.Remove(entry);
        entry.Drop();
    }

    private void NoteUse(OpenFileEntry entry)
    {
        if (!ReferenceEquals(entry, byUse.Last))
        {
            byUse.Remove(entry);
            byUse.Add(entry);
        }
    }
}
