using EventLoop.Executors;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.IO;

/// <summary>A write, or a change of the length. Once it has been handed over it is awaited, so that no part of it can take effect after a later
/// operation.</summary>
internal sealed class FileChange : ReturningJob
{
    private static readonly int Slot = ItemPools.NewSlot();

    private SafeFileHandle? file;
    private ReadOnlyMemory<byte> bytes;
    private long offset;       // of the bytes; or the new length
    private bool isLength;

    internal static FileChange Write(LoopCore core, SafeFileHandle file, ReadOnlyMemory<byte> bytes, long offset)
    {
        var change = Rent(core, file, offset);
        change.bytes = bytes;
        change.isLength = false;
        return change;
    }

    internal static FileChange SetLength(LoopCore core, SafeFileHandle file, long length)
    {
        var change = Rent(core, file, length);
        change.isLength = true;
        return change;
    }

    /// <summary>For executors that take delegates only.</summary>
    internal bool PerformHere()
    {
        Perform();
        return true;
    }

    private protected override bool IsInterruptible => false;

    private protected override void Perform()
    {
        if (isLength)
        {
            RandomAccess.SetLength(file!, offset);
        }
        else
        {
            RandomAccess.Write(file!, bytes.Span, offset);
        }
    }

    private protected override void Forget()
    {
        file = null;
        bytes = default;
    }

    private protected override void Recycle(LoopCore on) => on.Pools.Return(this, Slot);

    private static FileChange Rent(LoopCore core, SafeFileHandle file, long offset)
    {
        var change = core.Pools.TryRent<FileChange>(Slot) ?? new FileChange();
        change.file = file;
        change.offset = offset;
        return change;
    }
}
