using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace EventLoop.Hosting.Tests;

/// <summary>Requests with a deadline that turn their connection into something else.</summary>
public sealed class UpgradeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_deadline_of_a_WebSocket_is_that_of_its_handshake()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = EchoAsync(listener);
        using var invoker = new HttpMessageInvoker(new RequestDeadlineHandler(TimeSpan.FromSeconds(1)) { InnerHandler = new SocketsHttpHandler() });
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), invoker, Token).WaitAsync(Hosts.Patience, Token);
        await Task.Delay(1200, Token);
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Token);
        byte[] block = new byte[100];
        var message = await client.ReceiveAsync(block, Token).WaitAsync(Hosts.Patience, Token);
        Encoding.UTF8.GetString(block, 0, message.Count).Should().Be("hello");
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Token).WaitAsync(Hosts.Patience, Token);
        await serving.WaitAsync(Hosts.Patience, Token);
    }

    [Fact]
    public async Task A_handshake_that_is_not_answered_is_over_by_its_deadline()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var invoker = new HttpMessageInvoker(new RequestDeadlineHandler(TimeSpan.FromSeconds(0.1)) { InnerHandler = new SocketsHttpHandler() });
        using var client = new ClientWebSocket();
        var uri = new Uri($"ws://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");
        (await client.Invoking(client => client.ConnectAsync(uri, invoker, Token).WaitAsync(Hosts.Patience, Token))
            .Should().ThrowAsync<WebSocketException>()).WithInnerException<TimeoutException>();
    }

    [Theory]
    [InlineData("websocket", HttpStatusCode.OK, true)]
    [InlineData("websocket", HttpStatusCode.Forbidden, false)]
    [InlineData(null, HttpStatusCode.OK, false)]
    public async Task A_stream_opened_by_an_extended_CONNECT_is_the_caller_s(string? protocol, HttpStatusCode status, bool isOpened)
    {
        using var content = new StringContent("");
        using var invoker = new HttpMessageInvoker(new RequestDeadlineHandler(TimeSpan.FromSeconds(1))
        {
            InnerHandler = new Answering(() => new HttpResponseMessage(status) { Content = content }),
        });
        using var request = new HttpRequestMessage(HttpMethod.Connect, "http://localhost/");
        request.Headers.Protocol = protocol;
        using var response = await invoker.SendAsync(request, Token);
        ReferenceEquals(response.Content, content).Should().Be(isOpened);
    }

    private static async Task EchoAsync(TcpListener listener)
    {
        using var connection = await listener.AcceptTcpClientAsync(Token);
        await using var stream = connection.GetStream();
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, Token);
            head.Append((char)one[0]);
        }

        const string name = "Sec-WebSocket-Key:";
        string key = head.ToString().Split("\r\n").Single(static line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase))[name.Length..].Trim();
        string proof = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {proof}\r\n\r\n"), Token);
        using var socket = WebSocket.CreateFromStream(stream, isServer: true, null, TimeSpan.FromMinutes(1));
        byte[] block = new byte[100];
        while (await socket.ReceiveAsync(block, Token) is { MessageType: not WebSocketMessageType.Close } message)
        {
            await socket.SendAsync(block.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, Token);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Token);
    }

    private sealed class Answering(Func<HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer());
    }
}
