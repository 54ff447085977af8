using System.Buffers;
using System.Text;
using Redis.LoopRedis;

namespace EventLoop.Data.Tests;

/// <summary>RESP3, whole and in pieces.</summary>
public sealed class ReplyParserTests
{
    [Theory]
    [InlineData("+OK\r\n", "OK")]
    [InlineData("-ERR no\r\n", "ERR no")]
    [InlineData(":-42\r\n", "-42")]
    [InlineData(":+42\r\n", "42")]
    [InlineData("$5\r\na\r\nbc\r\n", "a\r\nbc")]
    [InlineData("$0\r\n\r\n", "")]
    [InlineData("$-1\r\n", "(nil)")]
    [InlineData("*-1\r\n", "(nil)")]
    [InlineData("_\r\n", "(nil)")]
    [InlineData("#t\r\n", "1")]
    [InlineData(",3.25\r\n", "3.25")]
    [InlineData("(12345678901234567890\r\n", "12345678901234567890")]
    [InlineData("=7\r\ntxt:abc\r\n", "txt:abc")]
    [InlineData("!5\r\nERR x\r\n", "ERR x")]
    [InlineData("*0\r\n", "[]")]
    [InlineData("*3\r\n:1\r\n*2\r\n+a\r\n$1\r\nb\r\n_\r\n", "[1, [a, b], (nil)]")]
    [InlineData("%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n", "[a, 1, b, []]")]
    [InlineData("~2\r\n:1\r\n:2\r\n", "[1, 2]")]
    [InlineData(">3\r\n+message\r\n+a\r\n+b\r\n", "[message, a, b]")]
    [InlineData("|1\r\n+ttl\r\n:1\r\n*1\r\n:5\r\n", "[5]")]
    [InlineData("*2\r\n|1\r\n+ttl\r\n:1\r\n:5\r\n:6\r\n", "[5, 6]")]
    public void A_reply_is_understood_wherever_it_is_cut(string text, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + text);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Parse(bytes[..cut], bytes[cut..]).Should().Equal([expected, expected], $"cut at {cut}");
        }

        Parse([.. bytes.Select(static one => new[] { one })]).Should().Equal(expected, expected);
    }

    [Theory]
    [InlineData("OK\r\n")]
    [InlineData("\r\n")]
    [InlineData(":x\r\n")]
    [InlineData("$3\r\nabcd\r\n")]
    [InlineData("$999999999999\r\n")]
    [InlineData("*9999999999\r\n")]
    public void What_is_no_reply_is_refused(string text) =>
        FluentActions.Invoking(() => Parse(Encoding.UTF8.GetBytes(text))).Should().Throw<RedisProtocolException>();

    [Fact]
    public void A_line_without_end_and_lists_nested_without_end_are_refused()
    {
        FluentActions.Invoking(() => Parse([(byte)'+', .. new byte[70_000]])).Should().Throw<RedisProtocolException>();
        FluentActions.Invoking(() =>
            Parse(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", 100_000))))).Should().Throw<RedisProtocolException>();
    }

    // Read again from its beginning for each piece it would take minutes.
    [Fact]
    public void A_long_list_that_comes_in_small_pieces_is_read_once()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("*300000\r\n" + string.Concat(Enumerable.Repeat(":1\r\n", 300_000)));
        Parse([.. bytes.Chunk(100)]).Should().ContainSingle();
    }

    private static List<string> Parse(params byte[][] pieces)
    {
        var parser = new ReplyParser();
        var replies = new List<string>();
        byte[] rest = [];
        foreach (byte[] piece in pieces)
        {
            byte[] all = [.. rest, .. piece];
            var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(all));
            while (parser.TryRead(ref input, out var reply))
            {
                replies.Add(reply.ToString());
            }

            rest = all[(int)input.Consumed..];
        }

        return replies;
    }
}
