using System.Buffers;
using System.Diagnostics;

namespace EventLoop.Net.Connections;

/// <summary>The blocks of a pipe, oldest first; the first may be consumed in part. Loop thread only.</summary>
internal struct SegmentChain
{
    internal BufferSegment? Head { get; private set; }

    internal BufferSegment? Tail { get; private set; }

    /// <summary>How much of the first block was consumed.</summary>
    internal int Start { get; private set; }

    /// <summary>Everything that is not consumed; only if there is a block.</summary>
    internal readonly ReadOnlySequence<byte> Bytes => new(Head!, Start, Tail!, Tail!.End);

    /// <summary>The offset in <see cref="Bytes"/> of a position that they gave out.</summary>
    /// <exception cref="InvalidOperationException">The position is not in there, or no longer.</exception>
    internal readonly long OffsetOf(SequencePosition position)
    {
        long before = -Start;
        for (var segment = Head; segment is not null; segment = segment.Following)
        {
            if (ReferenceEquals(segment, position.GetObject()) && position.GetInteger() is var index && index <= segment.End && before + index >= 0)
            {
                return before + index;
            }

            before += segment.End;
        }

        throw new InvalidOperationException("The position does not belong to what is buffered: it was consumed already, or comes from another reader.");
    }

    internal void Append(BufferSegment segment)
    {
        if (Tail is null)
        {
            Head = segment;
            Start = 0;
        }
        else
        {
            Tail.Append(segment);
        }

        Tail = segment;
    }

    /// <summary>Returns the blocks that are used up.</summary>
    /// <param name="count">Bytes; no more than there are.</param>
    /// <param name="pool">Where they go; null: to the collector, because somebody may still be reading them.</param>
    /// <param name="keepLast">Whether a pending call will fill the rest of the last block.</param>
    internal void Consume(long count, BufferPool? pool, bool keepLast)
    {
        while (count > 0)
        {
            int here = Head!.End - Start;
            if (count < here)
            {
                Start += (int)count;
                return;
            }

            count -= here;
            if (keepLast && Head.Following is null)
            {
                Start = Head.End;
                return;
            }

            DropHead(pool);
        }

        // Blocks that were requested and never filled: the first block must contain something.
        while (Head?.Following is not null && Head.End == Start)
        {
            DropHead(pool);
        }
    }

    /// <summary>Returns all blocks.</summary>
    internal void Clear(BufferPool? pool)
    {
        while (Head is not null)
        {
            DropHead(pool);
        }
    }

    /// <summary>Leaves the blocks to the collector, because somebody may still write to them.</summary>
    internal void Forget() => this = default;

    /// <summary>Counts what it holds; in debug builds.</summary>
    [Conditional("DEBUG")]
    internal readonly void AssertHolds(long count)
    {
        Debug.Assert(Head is null == Tail is null, "There is a first block where there is a last one.");
        Debug.Assert(Start >= 0 && Start <= (Head?.End ?? 0), "No more was consumed of the first block than it had.");
        long found = -Start;
        var last = Head;
        for (var segment = Head; segment is not null; segment = segment.Following)
        {
            found += segment.End;
            last = segment;
        }

        Debug.Assert(ReferenceEquals(last, Tail), "The chain ends with its last block.");
        Debug.Assert(found == count, "The pipe knows how much its blocks hold.");
    }

    private void DropHead(BufferPool? pool)
    {
        var old = Head!;
        Head = old.Following;
        Start = 0;
        if (Head is null)
        {
            Tail = null;
        }

        pool?.Return(old);
    }
}
