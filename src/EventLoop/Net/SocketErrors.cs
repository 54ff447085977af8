using System.Net;
using System.Net.Sockets;

namespace EventLoop.Net;

/// <summary>The exceptions of sockets: each says what was tried and with whom.</summary>
internal static class SocketErrors
{
    internal static SocketException Failed(string what, EndPoint? with, SocketError error) =>
        new((int)error, $"{what}{(with is null ? "" : $" {Text(with)}")} failed: {TextOf(error)}");

    internal static IOException Broken(string what, EndPoint? with, SocketError error)
    {
        var cause = Failed(what, with, error);
        return new IOException(cause.Message, cause);
    }

    internal static string Text(EndPoint endPoint) => endPoint switch
    {
        UnixDomainSocketEndPoint unix => unix.ToString() is { Length: > 0 } path ? $"unix:{path}" : "an unnamed Unix socket",
        _ => endPoint.ToString()!,
    };

    // .NET's own text for a code, without what its constructor adds.
    internal static string TextOf(SocketError error) => new SocketException((int)error).Message;
}
