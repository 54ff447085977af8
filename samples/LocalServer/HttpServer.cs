using System.Net;
using System.Net.Sockets;

namespace LocalServer;

/// <summary>Accepts connections on 127.0.0.1 and lets each be served by an async method of its own.</summary>
internal sealed class HttpServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly TimeSpan _delay;
    private readonly Site _site;

    public HttpServer(int port, TimeSpan delay, Site site)
    {
        _delay = delay;
        _site = site;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(backlog: 4096);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public async Task ServeAsync()
    {
        while (true)
            _ = ServeAsync(await _listener.AcceptAsync());
    }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(Socket socket)
    {
        using var connection = new HttpConnection(socket);
        try
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                if (_delay > TimeSpan.Zero)
                    await Task.Delay(_delay);

                await connection.AnswerAsync(request, request.Refusal ?? _site.Respond(request.Path));
                if (!request.KeepAlive)
                    break;
            }
        }
        catch (IOException)
        {
            // The client has gone. That is its right.
        }
    }
}
