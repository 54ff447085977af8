using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Redis.LoopRedis;

/// <summary>Commands in RESP: a list of texts.</summary>
internal static class CommandWriter
{
    private const int LongestHead = 24;

    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<Argument> command)
    {
        WriteHead(output, (byte)'*', command.Length);
        foreach (var argument in command)
        {
            if (argument.Text is { } text)
            {
                int length = Encoding.UTF8.GetByteCount(text);
                WriteHead(output, (byte)'$', length);
                Encoding.UTF8.GetBytes(text, output);
            }
            else
            {
                WriteHead(output, (byte)'$', argument.Bytes.Length);
                output.Write(argument.Bytes.Span);
            }

            output.Write("\r\n"u8);
        }
    }

    private static void WriteHead(IBufferWriter<byte> output, byte type, int number)
    {
        var span = output.GetSpan(LongestHead);
        span[0] = type;
        Utf8Formatter.TryFormat(number, span[1..], out int digits);
        span[digits + 1] = (byte)'\r';
        span[digits + 2] = (byte)'\n';
        output.Advance(digits + 3);
    }
}
