using System.Globalization;
using System.Text;

namespace Redis.LoopRedis;

/// <summary>What RESP3 knows, as far as programs tell it apart.</summary>
internal enum ReplyKind
{
    Null,
    Text,
    Number,
    Decimal,
    Boolean,
    Error,
    List,
    Map,
    Push,
}

/// <summary>An answer of the server. Text is kept as its bytes.</summary>
internal readonly struct Reply
{
    private readonly object? content;

    private Reply(ReplyKind kind, long number, object? content)
    {
        Kind = kind;
        Number = number;
        this.content = content;
    }

    public ReplyKind Kind { get; }

    public bool IsNull => Kind == ReplyKind.Null;

    public bool IsError => Kind == ReplyKind.Error;

    /// <summary>Of a number or a truth value; what a text says.</summary>
    public long Number => Kind == ReplyKind.Text ? long.Parse(Text!, CultureInfo.InvariantCulture) : field;

    public byte[]? Bytes => content as byte[];

    public string? Text => Kind switch
    {
        ReplyKind.Null => null,
        ReplyKind.Text or ReplyKind.Error or ReplyKind.Decimal => Encoding.UTF8.GetString(Bytes!),
        ReplyKind.Number or ReplyKind.Boolean => Number.ToString(CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"The answer is a {Kind}, not a text."),
    };

    /// <summary>Of a list; of a map keys and values in turn.</summary>
    public IReadOnlyList<Reply> Items => content as List<Reply> ?? throw new InvalidOperationException($"The answer is a {Kind}, not a list.");

    public static Reply Of(ReplyKind kind, byte[] bytes) => new(kind, 0, bytes);

    public static Reply Of(ReplyKind kind, long number) => new(kind, number, null);

    public static Reply Of(ReplyKind kind, List<Reply> items) => new(kind, 0, items);

    public override string ToString() => Kind is ReplyKind.List or ReplyKind.Map or ReplyKind.Push ? $"[{string.Join(", ", Items)}]" : Text ?? "(nil)";
}
