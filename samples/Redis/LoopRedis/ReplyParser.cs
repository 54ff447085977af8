using System.Buffers;
using System.Buffers.Text;

namespace Redis.LoopRedis;

/// <summary>
/// Reads replies out of whatever part of the stream has come. It keeps what it has understood: a long list is
/// not read again when its next part comes, and a deep one needs no stack.
/// </summary>
internal sealed class ReplyParser
{
    private const int LongestLine = 64 * 1024;
    private const long LongestText = 512L * 1024 * 1024;      // the server's own limit
    private const int MostNested = 1000;

    private readonly Stack<Aggregate> open = new();
    private ReplyKind textKind;
    private long textLength = -1;       // of a text whose length has been read

    /// <summary>Takes the next reply.</summary>
    /// <returns>False: more has to come.</returns>
    public bool TryRead(ref SequenceReader<byte> input, out Reply reply)
    {
        while (TryReadPart(ref input, out reply, out bool isWhole))
        {
            while (isWhole && open.TryPeek(out var around))
            {
                around.Items.Add(reply);
                isWhole = around.Items.Count == around.Count;
                if (isWhole)
                {
                    open.Pop();
                    reply = Reply.Of(around.Kind, around.Items);
                    isWhole = !around.IsAttribute;       // attributes are about the reply that follows; nobody asks for them here
                }
            }

            if (isWhole)
            {
                return true;
            }
        }

        return false;
    }

    // A reply, or the head of one whose parts follow.
    private bool TryReadPart(ref SequenceReader<byte> input, out Reply reply, out bool isWhole)
    {
        reply = default;
        isWhole = false;
        if (textLength >= 0)
        {
            return TryReadText(ref input, out reply, out isWhole);
        }

        if (!input.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
        {
            return input.Remaining <= LongestLine ? false : throw new RedisProtocolException("a line has no end");
        }

        if (line.Length is 0 or > LongestLine)
        {
            throw new RedisProtocolException("a reply has no type");
        }

        byte type = line.FirstSpan[0];
        byte[] rest = line.Slice(1).ToArray();
        isWhole = true;
        switch (type)
        {
            case (byte)'+':
                reply = Reply.Of(ReplyKind.Text, rest);
                return true;
            case (byte)'-':
                reply = Reply.Of(ReplyKind.Error, rest);
                return true;
            case (byte)':':
                reply = Reply.Of(ReplyKind.Number, ToNumber(rest));
                return true;
            case (byte)',' or (byte)'(':
                reply = Reply.Of(ReplyKind.Decimal, rest);
                return true;
            case (byte)'#':
                reply = Reply.Of(ReplyKind.Boolean, rest is [(byte)'t'] ? 1 : 0);
                return true;
            case (byte)'_':
                return true;
            case (byte)'$' or (byte)'=' or (byte)'!':
                return BeginText(type == (byte)'!' ? ReplyKind.Error : ReplyKind.Text, ToNumber(rest), ref isWhole);
            case (byte)'*' or (byte)'~' or (byte)'>' or (byte)'%' or (byte)'|':
                return BeginAggregate(type, ToNumber(rest), ref reply, ref isWhole);
            default:
                throw new RedisProtocolException($"'{(char)type}' is no type of a reply");
        }
    }

    private bool BeginText(ReplyKind kind, long length, ref bool isWhole)
    {
        if (length > LongestText)
        {
            throw new RedisProtocolException($"a text of {length} bytes");
        }

        isWhole = length < 0;       // RESP2's null
        textKind = kind;
        textLength = length;
        return true;
    }

    private bool TryReadText(ref SequenceReader<byte> input, out Reply reply, out bool isWhole)
    {
        reply = default;
        isWhole = false;
        if (input.Remaining < textLength + 2)
        {
            return false;
        }

        byte[] bytes = new byte[textLength];
        input.TryCopyTo(bytes);
        input.Advance(textLength);
        if (!input.IsNext("\r\n"u8, advancePast: true))
        {
            throw new RedisProtocolException("a text is longer than it says");
        }

        reply = Reply.Of(textKind, bytes);
        textLength = -1;
        return isWhole = true;
    }

    private bool BeginAggregate(byte type, long count, ref Reply reply, ref bool isWhole)
    {
        var kind = type switch { (byte)'>' => ReplyKind.Push, (byte)'%' or (byte)'|' => ReplyKind.Map, _ => ReplyKind.List };
        long items = kind == ReplyKind.Map ? 2 * count : count;
        if (items > int.MaxValue || open.Count == MostNested)
        {
            throw new RedisProtocolException("a list that is too large");
        }

        isWhole = items <= 0 && type != (byte)'|';
        if (items == 0)
        {
            reply = Reply.Of(kind, new List<Reply>());
        }
        else if (items > 0)
        {
            open.Push(new Aggregate(kind, (int)items, type == (byte)'|', []));
        }

        return true;
    }

    private static long ToNumber(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text is [(byte)'+', .. var unsigned] ? unsigned : text, out long number, out int used) && used > 0
        ? number
        : throw new RedisProtocolException("a number is none");

    private sealed record Aggregate(ReplyKind Kind, int Count, bool IsAttribute, List<Reply> Items);
}
