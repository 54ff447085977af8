using System.Text;

namespace EventLoop.Net.Pipes;

/// <summary>How the texts of pipes are encoded.</summary>
internal static class Texts
{
    /// <summary>Without a mark; what is invalid is replaced.</summary>
    internal static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    internal static string Decode(Encoding encoding, byte[] bytes) => bytes.Length == 0 ? "" : encoding.GetString(bytes);
}
