using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace EventLoop.AspNetCore.Tests;

/// <summary>A SignalR client of the JSON protocol.</summary>
internal sealed class HubClient : IAsyncDisposable
{
    private const char End = '\x1e';
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpClient http;
    private readonly string path;
    private readonly List<Socket> connections;
    private readonly ClientWebSocket? socket;
    private readonly IAsyncEnumerator<SseItem<string>>? events;
    private readonly HttpResponseMessage? answer;      // which the events are the body of
    private string received = "";
    private bool closed;

    private HubClient(HttpClient http, string path, List<Socket> connections, ClientWebSocket? socket,
        IAsyncEnumerator<SseItem<string>>? events, HttpResponseMessage? answer)
    {
        this.answer = answer;
        this.http = http;
        this.path = path;
        this.connections = connections;
        this.socket = socket;
        this.events = events;
    }

    internal static async Task<HubClient> ConnectAsync(Site site, HttpTransport transport)
    {
        var connections = new List<Socket>();
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, token) =>
            {
                var connection = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await connection.ConnectAsync(site.EndPoint, token);
                lock (connections)
                {
                    connections.Add(connection);
                }

                return new NetworkStream(connection, ownsSocket: true);
            },
        };
        var http = new HttpClient(handler) { BaseAddress = new Uri(site.Address), Timeout = Patience };
        using var negotiated = await http.PostAsync("/hub/negotiate?negotiateVersion=1", null);
        string token = (await negotiated.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("connectionToken").GetString()!;
        string path = $"/hub?id={Uri.EscapeDataString(token)}";
        ClientWebSocket? socket = null;
        IAsyncEnumerator<SseItem<string>>? events = null;
        HttpResponseMessage? answer = null;
        switch (transport)
        {
            case HttpTransport.WebSockets:
                socket = new ClientWebSocket();
                await socket.ConnectAsync(new Uri(site.Address.Replace("http", "ws") + path), new HttpMessageInvoker(handler), default).WaitAsync(Patience);
                break;

            case HttpTransport.Events:
                using (var request = new HttpRequestMessage(HttpMethod.Get, path))
                {
                    request.Headers.Accept.ParseAdd("text/event-stream");
                    answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
                    events = SseParser.Create(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator();
                }

                break;

            default:
                (await http.GetAsync(path)).EnsureSuccessStatusCode();      // the first poll opens
                break;
        }

        var client = new HubClient(http, path, connections, socket, events, answer);
        await client.SendAsync("{\"protocol\":\"json\",\"version\":1}");
        (await client.ReceiveAsync()).Should().Be("{}");
        return client;
    }

    internal async Task<string> InvokeAsync(string id, string method, params object[] arguments)
    {
        await SendAsync(JsonSerializer.Serialize(new { type = 1, invocationId = id, target = method, arguments }));
        return await UntilAsync(id);
    }

    internal async Task<string> StreamAsync(string id, string method, params object[] arguments)
    {
        await SendAsync(JsonSerializer.Serialize(new { type = 4, invocationId = id, target = method, arguments }));
        return await UntilAsync(id);
    }

    /// <summary>Begins a stream, up to its first item.</summary>
    internal async Task BeginStreamAsync(string id, string method, params object[] arguments)
    {
        await SendAsync(JsonSerializer.Serialize(new { type = 4, invocationId = id, target = method, arguments }));
        while (!(await ReceiveAsync()).Contains("\"type\":2"))
        {
        }
    }

    /// <summary>Begins a call, whose end nobody waits for.</summary>
    internal Task SendCallAsync(string method, params object[] arguments) =>
        SendAsync(JsonSerializer.Serialize(new { type = 1, target = method, arguments }));

    /// <summary>Gives a stream up.</summary>
    internal Task CancelAsync(string id) => SendAsync(JsonSerializer.Serialize(new { type = 5, invocationId = id }));

    /// <summary>Its connections are reset.</summary>
    internal void Vanish()
    {
        closed = true;
        lock (connections)
        {
            foreach (var connection in connections)
            {
                if (connection.SafeHandle.IsClosed)
                {
                    continue;
                }

                connection.LingerState = new LingerOption(enable: true, seconds: 0);
                connection.Close();
            }
        }

        socket?.Dispose();
        http.Dispose();
    }

    /// <summary>Reads until the server ends it, whichever way.</summary>
    internal async Task ReadToEndAsync()
    {
        closed = true;
        try
        {
            while (true)
            {
                await ReceiveAsync();
            }
        }
        catch (Exception end) when (end is HttpRequestException or IOException or WebSocketException or EndOfStreamException or JsonException)
        {
            socket?.Dispose();
            http.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (closed)
        {
            return;
        }

        closed = true;
        if (socket is not null)
        {
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default).WaitAsync(Patience);
            socket.Dispose();
        }
        else if (events is not null)
        {
            answer!.Dispose();
        }
        else
        {
            (await http.DeleteAsync(path)).Dispose();
        }

        http.Dispose();
    }

    // All messages up to the completion.
    private async Task<string> UntilAsync(string id)
    {
        string all = "";
        while (true)
        {
            string message = await ReceiveAsync();
            all += message + "\n";
            if (message.Contains("\"type\":3") && message.Contains($"\"invocationId\":\"{id}\""))
            {
                return all;
            }
        }
    }

    private async Task SendAsync(string message)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(message + End);
        if (socket is not null)
        {
            await socket.SendAsync(bytes, WebSocketMessageType.Text, true, default).WaitAsync(Patience);
        }
        else
        {
            (await http.PostAsync(path, new ByteArrayContent(bytes))).EnsureSuccessStatusCode();
        }
    }

    private async Task<string> ReceiveAsync()
    {
        int at;
        while ((at = received.IndexOf(End)) < 0)
        {
            if (socket is not null)
            {
                byte[] buffer = new byte[64 * 1024];
                var got = await socket.ReceiveAsync(buffer, default).WaitAsync(Patience);
                received += got.MessageType == WebSocketMessageType.Close ? throw new EndOfStreamException() : Encoding.UTF8.GetString(buffer, 0, got.Count);
            }
            else if (events is not null)
            {
                received += await events.MoveNextAsync().AsTask().WaitAsync(Patience) ? events.Current.Data : throw new EndOfStreamException();
            }
            else
            {
                using var poll = await http.GetAsync(path);
                received += poll.StatusCode == System.Net.HttpStatusCode.OK ? await poll.Content.ReadAsStringAsync() : throw new EndOfStreamException();
            }
        }

        string message = received[..at];
        received = received[(at + 1)..];
        return message;
    }
}
