using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EventLoop.Tool.Tests;

/// <summary>A headless browser that is told what to do through its debugging port; one command after the other.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process process;
    private readonly string profile;
    private readonly ClientWebSocket socket = new();
    private string? session;
    private int commands;

    private Chromium(Process process, string profile)
    {
        this.process = process;
        this.profile = profile;
    }

    internal static string? Program { get; } =
        new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    /// <summary>Of every page that was opened, whatever it has asked for.</summary>
    internal List<string> Requests { get; } = [];

    internal static async Task<Chromium> StartAsync()
    {
        string profile = Directory.CreateTempSubdirectory("eventloop-chromium-").FullName;
        var start = new ProcessStartInfo(Program!) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in new[]
        {
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-extensions", "--hide-scrollbars", "--remote-debugging-port=0", $"--user-data-dir={profile}", "about:blank",
        })
        {
            start.ArgumentList.Add(argument);
        }

        var chromium = new Chromium(Process.Start(start)!, profile);
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            _ = chromium.process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            string? line;
            const string mark = "DevTools listening on ";
            while ((line = await chromium.process.StandardError.ReadLineAsync(limit.Token)) is not null && !line.StartsWith(mark, StringComparison.Ordinal))
            {
            }

            _ = chromium.process.StandardError.ReadToEndAsync(CancellationToken.None);
            await chromium.socket.ConnectAsync(new Uri(line![mark.Length..]), limit.Token);
            return chromium;
        }
        catch
        {
            await chromium.DisposeAsync();
            throw;
        }
    }

    internal async Task OpenAsync(string url, int width, int height, bool dark = false)
    {
        session = null;
        var made = await SendAsync("Target.createTarget", new JsonObject { ["url"] = "about:blank" });
        var attached = await SendAsync("Target.attachToTarget", new JsonObject { ["targetId"] = (string)made["targetId"]!, ["flatten"] = true });
        session = (string)attached["sessionId"]!;
        await SendAsync("Page.enable");
        await SendAsync("Network.enable");
        await SendAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await SendAsync("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }),
        });
        await SendAsync("Page.navigate", new JsonObject { ["url"] = url });
    }

    /// <summary>Waits until an expression of the page is true.</summary>
    internal async Task UntilAsync(string condition)
    {
        long began = Stopwatch.GetTimestamp();
        while (!await IsSoAsync(condition))
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new TimeoutException($"'{condition}' did not come true. The page: {await AskAsync<string>("document.body.innerText")}");
            }

            await Task.Delay(50);
        }
    }

    private async Task<bool> IsSoAsync(string condition)
    {
        try
        {
            return await AskAsync<bool>($"Boolean({condition})");
        }
        catch (InvalidOperationException)
        {
            return false;      // the page was being replaced
        }
    }

    internal async Task<T> AskAsync<T>(string expression)
    {
        var answer = await SendAsync("Runtime.evaluate", new JsonObject { ["expression"] = $"(document.body ? ({expression}) : null)", ["returnByValue"] = true });
        return answer["result"]?["value"] is { } value ? value.GetValue<T>() : default!;
    }

    internal Task ClickAsync(string selector) => AskAsync<bool>($"(document.querySelector('{selector}').click(), true)");

    internal async Task PressAsync(string key)
    {
        await SendAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyDown", ["key"] = key, ["text"] = key.Length == 1 ? key : "" });
        await SendAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyUp", ["key"] = key });
    }

    /// <summary>For people who look at the page: only where EVENTLOOP_SCREENSHOTS names a folder.</summary>
    internal async Task ShootAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("EVENTLOOP_SCREENSHOTS") is { Length: > 0 } folder)
        {
            var shot = await SendAsync("Page.captureScreenshot");
            await File.WriteAllBytesAsync(Path.Combine(folder, name + ".png"), Convert.FromBase64String((string)shot["data"]!));
        }
    }

    private async Task<JsonNode> SendAsync(string method, JsonObject? parameters = null)
    {
        int id = ++commands;
        var command = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        if (session is not null)
        {
            command["sessionId"] = session;
        }

        using var limit = new CancellationTokenSource(Patience);
        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(command), WebSocketMessageType.Text, true, limit.Token);
        while (true)
        {
            var message = await ReceiveAsync(limit.Token);
            if ((string?)message["method"] == "Network.requestWillBeSent")
            {
                Requests.Add((string)message["params"]!["request"]!["url"]!);
            }

            if ((int?)message["id"] == id)
            {
                return message["result"] ?? throw new InvalidOperationException($"{method}: {message["error"]}");
            }
        }
    }

    private async Task<JsonNode> ReceiveAsync(CancellationToken token)
    {
        var whole = new MemoryStream();
        byte[] part = new byte[1 << 16];
        WebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(part, token);
            whole.Write(part, 0, result.Count);
        }
        while (!result.EndOfMessage);
        return JsonNode.Parse(whole.ToArray())!;
    }

    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        for (int attempt = 0; attempt < 20 && Directory.Exists(profile); attempt++)
        {
            try
            {
                Directory.Delete(profile, recursive: true);
            }
            catch (IOException)
            {
                await Task.Delay(50);      // a helper of its writes yet
            }
        }
    }
}
