using System.Text;

namespace EventLoop.Net.Pipes;

/// <summary>How texts in pipes are encoded.</summary>
internal static class PipeEncoding
{
    /// <summary>UTF-8 without a byte order mark; invalid input is replaced.</summary>
    internal static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    internal static string Decode(Encoding encoding, byte[] bytes) => bytes.Length == 0 ? "" : encoding.GetString(bytes);
}
