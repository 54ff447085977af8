using System.Buffers;
using EventLoop.Executors;
using EventLoop.Native;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.IO;

/// <summary>An open file, read and written at offsets. What the system has in memory is read at once on the loop's thread; whatever may wait for a disk is
/// done by the default executor. AnyIO: <c>open_file</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> a loop's; a file belongs to no particular loop, unless it came from an <see cref="OpenFileCache"/>. Several operations may be pending
/// at the same time.</para>
/// <para><b>Cancellation:</b> ends the wait of a read, a flush or a query at once. A write or a change of the length that has been handed over is awaited, so
/// that no part of it can take effect after a later operation; the caller sees its own outcome.</para>
/// <para><b>Errors:</b> as for .NET's <see cref="RandomAccess"/>: <see cref="IOException"/>; <see cref="UnauthorizedAccessException"/> where the file was not
/// opened for that.</para>
/// <para><b>Cost:</b> a read of what is in memory is one system call and allocates nothing. Anything else is a hop to another thread and back, and data read
/// there is copied once more.</para>
/// <para>Whether something is in memory is determined by <c>preadv2(RWF_NOWAIT)</c>. On file systems that do not support it (overlay, tmpfs, network), and on
/// systems other than Linux, the executor does all reads.</para>
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
    // The most that one step of the loop copies, and that another thread reads at a time.
    private const int LargestStep = 128 * 1024;
    private const int LargestHop = 1024 * 1024;

    private readonly SafeFileHandle handle;
    private readonly OpenFileEntry? entry;
    private readonly bool isLocal;
    private bool readsAtOnce = true;       // any thread may find that this is not possible
    private volatile bool isWritten;       // any thread
    private int isDisposed;                // any thread, interlocked

    /// <summary>Makes a file from a handle that was opened elsewhere.</summary>
    /// <param name="handle">Closed together with this file.</param>
    /// <exception cref="NotSupportedException">The handle has no positions: a pipe, a terminal, a socket.</exception>
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

    /// <summary>The system's handle, for other calls. It remains this file's to close.</summary>
    public SafeFileHandle Handle => handle;

    /// <summary>The path by which it was opened; for one from an <see cref="OpenFileCache"/>, relative to its folder. Null: it was opened elsewhere.</summary>
    public string? Path { get; private init; }

    /// <summary>Reads up to a buffer's length.</summary>
    /// <param name="buffer">Its content is undefined after a cancellation.</param>
    /// <param name="offset">Where to begin.</param>
    /// <returns>The number of bytes: fewer than requested only at the end of the file, zero beyond it.</returns>
    /// <remarks>More than 128 KiB are read in several steps, between which other code runs.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Coroutine<int> ReadAsync(Memory<byte> buffer, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        VerifyOpen();
        return ReadCoreAsync(buffer, offset);
    }

    /// <summary>Writes all bytes; a gap between the end of the file and the offset becomes zeros.</summary>
    /// <param name="bytes">Must not change until the write has completed.</param>
    /// <param name="offset">Where to begin.</param>
    /// <remarks>Afterwards the data is in the system's memory and visible to everybody; <see cref="FlushAsync"/> writes it to the disk. Done by the executor:
    /// unlike reads, writes that must not wait are refused by the usual file systems (ext4, tmpfs), so one cannot know beforehand.</remarks>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Coroutine WriteAsync(ReadOnlyMemory<byte> bytes, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        VerifyOpen();
        isWritten = true;
        return ChangeAsync(bytes, offset, isLength: false);
    }

    /// <summary>Writes to the disk everything that was written before. Python: <c>os.fsync</c>.</summary>
    /// <remarks>A cancelled flush continues by itself.</remarks>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Coroutine FlushAsync()
    {
        VerifyOpen();
        return Loop.ToThread(() => RandomAccess.FlushToDisk(handle));
    }

    /// <summary>Returns the length in bytes.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public async Coroutine<long> GetLengthAsync() => (await GetStatusAsync()).Length;

    /// <summary>Truncates the file, or extends it with zeros.</summary>
    /// <param name="length">The new length.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Coroutine SetLengthAsync(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        VerifyOpen();
        isWritten = true;
        return ChangeAsync(default, length, isLength: true);
    }

    /// <summary>Returns its current length, times and kind. Python: <c>os.fstat</c>.</summary>
    /// <remarks>On a local file system this is a quick call on the loop's thread.</remarks>
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

    /// <summary>What was known about it when it was opened or, if it came from an <see cref="OpenFileCache"/>, when that last checked. Null:
    /// nothing.</summary>
    public FileStatus? KnownStatus { get; private init; }

    /// <summary>Closes the file, through the executor where that may take time. Idempotent.</summary>
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

        return new ValueTask(Flight.Of(LoopCore.Running, Task.Run(handle.Dispose)));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(isDisposed != 0 ? "closed " : "")}file {Path ?? $"descriptor {handle.DangerousGetHandle()}"}";

    /// <summary>Whether a part is in the system's memory, so that sending it does not wait for a disk; null: unknown.</summary>
    internal bool? IsAtHand(long offset, long count) => CachedFile.IsAtHand(handle, offset, count) ?? (entry is { WasBroughtIn: true } ? true : null);

    /// <summary>Makes <see cref="IsAtHand"/> answer yes until the cache checks again: where the system does not say, the whole file was read a moment
    /// ago.</summary>
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

    // Into memory of its own: the data may arrive when nobody waits for it any more.
    private async Coroutine<int> ReadElsewhereAsync(Memory<byte> buffer, long offset)
    {
        var block = ArrayPool<byte>.Shared.Rent(buffer.Length);
        int length = buffer.Length;
        int read = await Loop.ToThread(() => RandomAccess.Read(handle, block.AsSpan(0, length), offset));
        block.AsSpan(0, read).CopyTo(buffer.Span);
        ArrayPool<byte>.Shared.Return(block);      // not where the wait was given up
        return read;
    }

    private async Coroutine ChangeAsync(ReadOnlyMemory<byte> bytes, long offset, bool isLength)
    {
        await Loop.CheckPoint();
        var core = LoopCore.Required;
        var change = isLength ? FileChange.SetLength(core, handle, offset) : FileChange.Write(core, handle, bytes, offset);
        var executor = core.Loop.DefaultExecutor;
        if (executor is IJobExecutor own)
        {
            await change.Submit(core, own);
            change.End();
            return;
        }

        core.BeginFlight();      // virtual time stands still meanwhile
        try
        {
            await new ValueTask<bool>(executor.SubmitAsync(change.PerformHere));      // a ValueTask is awaited to its end
        }
        finally
        {
            core.EndFlight();
        }
    }

    private void VerifyOpen() => ObjectDisposedException.ThrowIf(isDisposed != 0, this);

    private static NotSupportedException WithoutPositions(string what) => new(
        $"{what} is a pipe, a terminal, a socket or another device, and has no positions. Read a pipe with ReceivePipe, write one with SendPipe.");
}
