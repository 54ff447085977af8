using System.Buffers;

namespace EventLoop.Net.Connections;

/// <summary>The search for a delimiter in data that arrives in pieces: each byte is examined once, however many there are and in however many
/// blocks.</summary>
internal struct InputSearch
{
    private SequencePosition from;       // where the next search begins; only after something was searched
    private long before;                 // bytes before that

    /// <summary>Returns where the delimiter begins; -1: nowhere yet.</summary>
    /// <param name="bytes">Those of the last time, possibly followed by more.</param>
    /// <param name="delimiter">The same each time.</param>
    internal long Find(ReadOnlySequence<byte> bytes, ReadOnlySpan<byte> delimiter)
    {
        if (bytes.Length < delimiter.Length)
        {
            return -1;
        }

        var rest = before > 0 ? bytes.Slice(from) : bytes;
        if (rest.IsSingleSegment)
        {
            int at = rest.FirstSpan.IndexOf(delimiter);
            if (at >= 0)
            {
                return before + at;
            }
        }
        else if (new SequenceReader<byte>(rest) is var reader && reader.TryReadTo(out ReadOnlySequence<byte> found, delimiter, advancePastDelimiter: false))
        {
            return before + found.Length;
        }

        // The last bytes may be the beginning of a delimiter.
        long done = rest.Length - delimiter.Length + 1;
        if (done > 0)
        {
            from = rest.GetPosition(done);
            before += done;
        }

        return -1;
    }
}
