using System.Net;
using System.Net.Sockets;
using EventLoop.Native;

namespace EventLoop.Net.Sockets;

/// <summary>The exceptions of sockets: each says what was attempted, and with whom.</summary>
internal static class SocketErrors
{
    internal const string NoAddress = "a socket without an address";

    internal static SocketException Failed(string what, EndPoint? with, SocketError error) =>
        new((int)error, $"{what} {(with is null ? NoAddress : Text(with))} failed: {TextOf(error)}");

    /// <summary>For failures that concern no socket in particular.</summary>
    internal static SocketException Failed(string what, SocketError error) => new((int)error, $"{what} failed: {TextOf(error)}");

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

    /// <exception cref="ArgumentException">It is a name: resolving takes a while, and this call does not wait.</exception>
    internal static void RefuseName(EndPoint endPoint, string parameter, string instead = "Resolve it with Dns.GetHostAddressesAsync, and pass an IPEndPoint.")
    {
        if (endPoint is DnsEndPoint name)
        {
            throw new ArgumentException($"{name.Host}:{name.Port} is a name, and names are not resolved here. {instead}", parameter);
        }
    }

    // .NET's own text for an error code, without what its constructor adds.
    internal static string TextOf(SocketError error) => error == SocketError.TooManyOpenSockets
        ? $"no descriptors are left ({DescriptorLimit.Text}). Close what is not used any more, or raise the limit (ulimit -n, LimitNOFILE= of a systemd unit)"
        : new SocketException((int)error).Message;
}
