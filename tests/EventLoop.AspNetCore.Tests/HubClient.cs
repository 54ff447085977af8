using System.Net.Http.Json;
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
    private readonly ClientWebSocket? socket;
    private string received = "";
    private bool closed;

    private HubClient(HttpClient http, string path, ClientWebSocket? socket)
    {
        this.http = http;
        this.path = path;
        this.socket = socket;
    }

    internal static async Task<HubClient> ConnectAsync(Site site, HttpTransport transport)
    {
        using var negotiated = await site.Client.PostAsync("/hub/negotiate?negotiateVersion=1", null);
        string token = (await negotiated.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("connectionToken").GetString()!;
        string path = $"/hub?id={Uri.EscapeDataString(token)}";
        ClientWebSocket? socket = null;
        if (transport == HttpTransport.WebSockets)
        {
            socket = new ClientWebSocket();
            await socket.ConnectAsync(new Uri(site.Address.Replace("http", "ws") + path), default).WaitAsync(Patience);
        }
        else
        {
            (await site.Client.GetAsync(path)).EnsureSuccessStatusCode();      // the first poll opens
        }

        var client = new HubClient(site.Client, path, socket);
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
        else
        {
            (await http.DeleteAsync(path)).Dispose();
        }
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
                received += Encoding.UTF8.GetString(buffer, 0, got.Count);
            }
            else
            {
                received += await http.GetStringAsync(path);
            }
        }

        string message = received[..at];
        received = received[(at + 1)..];
        return message;
    }
}
