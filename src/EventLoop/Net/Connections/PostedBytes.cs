using System.Buffers;

namespace EventLoop.Net.Connections;

/// <summary>
/// Bytes that others write and the loop takes, in a list of blocks: whoever writes, one at a time, has the last one, and the loop has what stands before its
/// end. Neither waits for the other, and nothing is allocated for a flush.
/// </summary>
internal sealed class PostedBytes
{
    private const int SmallestBlock = 512;         // some answers' frames by HTTP/2; a connection that is idle keeps one
    private const int LargestBlock = 16 * 1024;

    // Whoever writes.
    private Block? last;
    private int written;           // in it
    private int unflushed;

    // The loop, once there is one.
    private Block? first;          // any thread
    private int taken;             // of it

    private int outstanding;       // flushed and not taken, about; any thread, interlocked

    // ---- Whoever writes

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

    /// <summary>What was written may be taken.</summary>
    /// <param name="outstanding">How much of it all is not taken yet.</param>
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

    // What stands in a block that is left may be taken ahead of its flush: nobody can take it back.
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

    /// <summary>The next piece in order; it is valid until the next one is asked for.</summary>
    internal bool TryTake(out ReadOnlySpan<byte> piece)
    {
        while (Volatile.Read(ref first) is { } block)
        {
            var next = Volatile.Read(ref block.Next);      // first: where there is one, the end of this block is final
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
        internal int Flushed;        // whoever writes; the loop reads
        internal Block? Next;        // the same
    }
}
