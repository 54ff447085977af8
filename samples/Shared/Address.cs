using System.Globalization;
using System.Net;

namespace EventLoop.Samples;

/// <summary>HOST:PORT as a user types it.</summary>
internal static class Address
{
    public static (string Host, int Port) Parse(string option, string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= IPEndPoint.MaxPort
            ? (text[..colon], port)
            : throw new UsageException($"{option} takes HOST:PORT, not '{text}'.");
    }
}
