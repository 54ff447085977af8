using System.Net.Sockets;
using System.Text;

namespace LocalServer;

/// <summary>Just enough HTTP/1.1 for browsers, curl and HttpClient: requests without a body, keep-alive, pipelining.</summary>
internal sealed class HttpConnection : IDisposable
{
    private const int LongestRequest = 16 * 1024;
    private readonly NetworkStream _stream;
    private byte[] _buffer = new byte[2048];
    private int _filled;

    public HttpConnection(Socket socket)
    {
        socket.NoDelay = true;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The next request; null when the client has sent its last.</summary>
    public async Task<Request?> ReadRequestAsync()
    {
        int end;
        while ((end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (_filled >= LongestRequest)
                return Request.TooLong;
            if (_filled == _buffer.Length)
                Array.Resize(ref _buffer, _filled * 2);
            int read = await _stream.ReadAsync(_buffer.AsMemory(_filled));
            if (read == 0)
                return null;
            _filled += read;
        }

        var request = Request.Parse(Encoding.Latin1.GetString(_buffer, 0, end));
        end += "\r\n\r\n".Length;
        _buffer.AsSpan(end, _filled - end).CopyTo(_buffer);   // what was sent ahead of our answer
        _filled -= end;
        return request;
    }

    public async Task AnswerAsync(Request request, Response response)
    {
        byte[] head = Encoding.Latin1.GetBytes($"""
            HTTP/1.1 {response.Status}
            Content-Type: {response.ContentType}
            Content-Length: {response.Body.Length}
            Connection: {(request.KeepAlive ? "keep-alive" : "close")}


            """.ReplaceLineEndings("\r\n"));
        byte[] message = request.WithoutBody ? head : [.. head, .. response.Body.Span];
        await _stream.WriteAsync(message);
    }

    public void Dispose() => _stream.Dispose();
}
