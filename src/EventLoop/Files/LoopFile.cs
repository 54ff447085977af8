using System.Buffers;
using EventLoop.Native;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.IO;

/// <summary>An open file, read and written at offsets. What the system has in memory is read on the loop's thread at once; whatever may wait for a disk is done
/// by the default executor. AnyIO: <c>open_file</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> a loop's; a file belongs to no loop, but one that came from an
/// <see cref="OpenFileCache"/> to its. Several operations may be under way at once.</para>
/// <para><b>Cancellation:</b> ends the wait of a read, a flush or a question at once. A write or a change of the length that has been handed over is waited
/// for, so that nothing of it can come later than what is done next; its own outcome is what the caller sees.</para>
/// <para><b>Errors:</b> as of .NET's <see cref="RandomAccess"/>: <see cref="IOException"/>,
/// <see cref="UnauthorizedAccessException"/> where it was not opened for that.</para>
/// <para><b>Cost:</b> a read of what is in memory is one system call and allocates nothing. Anything else is a hop to
/// another thread and back, and what is read there is copied once more.</para>
/// <para>Whether something is in memory is asked by <c>preadv2(RWF_NOWAIT)</c>. File systems that do not know that (overlay, tmpfs, network), other systems
/// than Linux: all reads are done by the executor.</para>
/// </remarks>
/// <example>
/// <code>
/// await using var file = await LoopFile.OpenAsync("/etc/hostname");
/// var buffer = new byte[256];
/// int count = await file.ReadAsync(buffer, offset: 0);
/// </code>
/// </example>
public sealed partial class LoopFile : IAsyncDisposable
{
    // What one step of the loop copies at most, and what another thread reads at once.
    private const int LargestStep = 128 * 1024;
    private const int LargestHop = 1024 * 1024;

    private readonly SafeFileHandle handle;
    private readonly OpenFileEntry? entry;
    private readonly bool isLocal;
    private bool readsAtOnce = true;       // any thread may find out that it does not
    private volatile bool isWritten;       // any thread
    private int isDisposed;                // any thread, interlocked

    /// <summary>A file that was opened elsewhere.</summary>
    /// <param name="handle">It is closed with this file.</param>
    /// <exception cref="NotSupportedException">It has no positions: a pipe, a terminal, a socket.</exception>
    public LoopFile(SafeFileHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        if (OperatingSystem.IsLinux() && FileFacts.Of(handle) is { HasPositions: false })
        {
            throw WithoutPositions("It");
        }

        this.handle = handle;
        isLocal = FileOpening.IsLocal(handle);
    }

    private LoopFile(SafeFileHandle handle, bool isLocal)
    {
        this.handle = handle;
        this.isLocal = isLocal;
    }

    internal LoopFile(OpenFileEntry entry)
    {
        this.entry = entry;
        handle = entry.Handle;
        isLocal = entry.IsLocal;
        Path = entry.Path;
        KnownStatus = new FileStatus(entry.Facts);
    }

    /// <summary>The system's handle, for other calls. It stays this file's.</summary>
    public SafeFileHandle Handle => handle;

    /// <summary>The path that it was opened by; of one from an <see cref="OpenFileCache"/>, below its folder. Null: it was opened elsewhere.</summary>
    public string? Path { get; private init; }

    /// <summary>Reads up to a buffer's length.</summary>
    /// <param name="buffer">What it holds after a cancellation is not defined.</param>
    /// <param name="offset">Where to begin.</param>
    /// <returns>How much: less than asked for only at the end of the file, zero beyond it.</returns>
    /// <remarks>More than 128 KiB are read in several steps, between which others have their turn.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Coroutine<int> ReadAsync(Memory<byte> buffer, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        VerifyOpen();
        return ReadCoreAsync(buffer, offset);
    }

    /// <summary>Writes all of it; what lies between the end of the file and the offset becomes zeros.</summary>
    /// <param name="bytes">Must not change until it is done.</param>
    /// <param name="offset">Where to begin.</param>
    /// <remarks>It is in the system's memory then, and visible to all; <see cref="FlushAsync"/> brings it to the disk. Written by the executor: unlike reads,
    /// writes that must not wait are refused by the usual file systems (ext4, tmpfs), so there is no telling beforehand.</remarks>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine WriteAsync(ReadOnlyMemory<byte> bytes, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        VerifyOpen();
        isWritten = true;
        return RunToEndAsync(() => RandomAccess.Write(handle, bytes.Span, offset));
    }

    /// <summary>Has everything that was written before brought to the disk. os.fsync.</summary>
    /// <remarks>A cancelled flush continues by itself.</remarks>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Coroutine FlushAsync()
    {
        VerifyOpen();
        return Loop.ToThread(() => RandomAccess.FlushToDisk(handle));
    }

    /// <summary>How long it is.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public async Coroutine<long> GetLengthAsync() => (await GetStatusAsync()).Length;

    /// <summary>Cuts it off, or adds zeros.</summary>
    /// <param name="length">From now on.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Coroutine SetLengthAsync(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        VerifyOpen();
        isWritten = true;
        return RunToEndAsync(() => RandomAccess.SetLength(handle, length));
    }

    /// <summary>Its length, times and kind now. os.fstat.</summary>
    /// <remarks>On a local file system it is asked on the loop's thread, and takes no time.</remarks>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Coroutine<FileStatus> GetStatusAsync()
    {
        VerifyOpen();
        return AskAsync();

        async Coroutine<FileStatus> AskAsync()
        {
            if (!isLocal)
            {
                return await Loop.ToThread(StatusOf);
            }

            await Loop.CheckPoint();
            return StatusOf();
        }

        FileStatus StatusOf() => new(FileFacts.Of(handle, entry is null ? Path : null));
    }

    /// <summary>What was known of it when it was opened or, if it came from an <see cref="OpenFileCache"/>, when that looked last. Null: nothing was.</summary>
    public FileStatus? KnownStatus { get; private init; }

    /// <summary>Closes it, by the executor where that may take time. Idempotent.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) != 0)
        {
            return default;
        }

        if (entry is not null)
        {
            entry.Release();      // on its loop's thread
            return default;
        }

        if (isLocal && !isWritten)
        {
            handle.Dispose();
            return default;
        }

        return new ValueTask(Task.Run(handle.Dispose));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(isDisposed != 0 ? "closed " : "")}file {Path ?? $"descriptor {handle.DangerousGetHandle()}"}";

    /// <summary>Whether a part is in the system's memory, so that sending it does not wait for a disk; null: nobody knows.</summary>
    internal bool? IsAtHand(long offset, long count) => CachedFile.IsAtHand(handle, offset, count) ?? (entry is { WasBroughtIn: true } ? true : null);

    /// <summary>The answer to <see cref="IsAtHand"/> until the cache looks again: where the system does
    /// not tell, the file as a whole was read a moment ago.</summary>
    internal void NoteBroughtIn()
    {
        if (entry is not null)
        {
            entry.WasBroughtIn = true;
        }
    }

    private async Coroutine<int> ReadCoreAsync(Memory<byte> buffer, long offset)
    {
        await Loop.CheckPoint();
        int total = 0;
        while (total < buffer.Length)
        {
            int read = readsAtOnce ? CachedFile.TryRead(handle, buffer.Span.Slice(total, Math.Min(buffer.Length - total, LargestStep)), offset + total)
                : CachedFile.NotAtHand;
            if (read < 0)
            {
                readsAtOnce &= read != CachedFile.Unsupported;
                read = await ReadElsewhereAsync(buffer[total..Math.Min(buffer.Length, total + LargestHop)], offset + total);
            }
            else if (read == LargestStep && total + read < buffer.Length)
            {
                await Loop.Yield();
            }

            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    // Into memory of its own: it may come when nobody waits for it any more.
    private async Coroutine<int> ReadElsewhereAsync(Memory<byte> buffer, long offset)
    {
        var block = ArrayPool<byte>.Shared.Rent(buffer.Length);
        int length = buffer.Length;
        int read = await Loop.ToThread(() => RandomAccess.Read(handle, block.AsSpan(0, length), offset));
        block.AsSpan(0, read).CopyTo(buffer.Span);
        ArrayPool<byte>.Shared.Return(block);      // not where the wait was given up
        return read;
    }

    // A ValueTask is waited for to its end.
    private static async Coroutine RunToEndAsync(Action work)
    {
        await Loop.CheckPoint();
        var core = LoopCore.Required;
        core.BeginFlight();      // time that is not real holds still
        try
        {
            await new ValueTask<bool>(Loop.Current.DefaultExecutor.SubmitAsync(() =>
            {
                work();
                return true;
            }));
        }
        finally
        {
            core.EndFlight();
        }
    }

    private void VerifyOpen() => ObjectDisposedException.ThrowIf(isDisposed != 0, this);

    private static NotSupportedException WithoutPositions(string what) => new(
        $"{what} is a pipe, a terminal or a socket, and has no positions. Read a pipe with ReceivePipe, write one with SendPipe.");
}
