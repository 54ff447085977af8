using System.Buffers;

namespace EventLoop.Net.Connections;

/// <summary>
/// Bytes that other threads write and the loop takes, in a list of blocks: the writer, one at a time, owns the last block, and the loop owns what precedes its
/// end. Neither waits for the other, and nothing is allocated for a flush.
/// </summary>
internal sealed class PostedBytes
{
    private const int SmallestBlock = 512;         // fits some frames of a response by HTTP/2; an idle connection keeps one
    private const int LargestBlock = 16 * 1024;

    // The writer's.
    private Block? last;
    private int written;           // in it
    private int unflushed;

    // The loop's, once there is a block.
    private Block? first;          // any thread
    private int taken;             // of it

    private int outstanding;       // bytes flushed and not taken, approximately; any thread, interlocked

    // ---- The writer

    internal Memory<byte> GetMemory(int sizeHint)
    {
        int least = Math.Max(sizeHint, 1);
        if (last is null || last.Bytes.Length - written < least)
        {
            Grow(least);
        }

        return last!.Bytes.AsMemory(written);
    }

    internal void Advance(int bytes)
    {
        if (last is null || (uint)bytes > (uint)(last.Bytes.Length - written))
        {
            throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "More was written than GetMemory had given.");
        }

        written += bytes;
        unflushed += bytes;
    }

    /// <summary>Lets the loop take what was written.</summary>
    /// <param name="outstanding">How many bytes have not been taken yet.</param>
    /// <returns>Whether there is anything new.</returns>
    internal bool Flush(out int outstanding)
    {
        int added = unflushed;
        unflushed = 0;
        outstanding = Interlocked.Add(ref this.outstanding, added);
        if (added > 0)
        {
            Volatile.Write(ref last!.Flushed, written);
        }

        return added > 0;
    }

    // Bytes in a block that the writer has left may be taken before they are flushed, because they cannot change any more.
    private void Grow(int least)
    {
        bool isBehind = Volatile.Read(ref outstanding) > 0;
        var block = new Block(ArrayPool<byte>.Shared.Rent(
            Math.Max(least, isBehind && last is not null ? Math.Min(LargestBlock, 2 * last.Bytes.Length) : SmallestBlock)));
        if (last is null)
        {
            Volatile.Write(ref first, block);
        }
        else
        {
            Volatile.Write(ref last.Flushed, written);
            Volatile.Write(ref last.Next, block);
        }

        last = block;
        written = 0;
    }

    // ---- The loop

    /// <summary>The next piece in order; valid until the next call.</summary>
    internal bool TryTake(out ReadOnlySpan<byte> piece)
    {
        while (Volatile.Read(ref first) is { } block)
        {
            var next = Volatile.Read(ref block.Next);      // read first: if there is one, the end of this block is final
            int end = Volatile.Read(ref block.Flushed);
            if (end > taken)
            {
                piece = block.Bytes.AsSpan(taken, end - taken);
                taken = end;
                Interlocked.Add(ref outstanding, -piece.Length);
                return true;
            }

            if (next is null)
            {
                break;
            }

            Volatile.Write(ref first, next);
            taken = 0;
            ArrayPool<byte>.Shared.Return(block.Bytes);
        }

        piece = default;
        return false;
    }

    private sealed class Block(byte[] bytes)
    {
        internal readonly byte[] Bytes = bytes;
        internal int Flushed;        // set by the writer, read by the loop
        internal Block? Next;        // the same
    }
}
