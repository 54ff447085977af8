using System.Diagnostics;
using System.Globalization;
using EventLoop;

namespace Crawler;

/// <summary>The local server in its own process. It ends when we close its standard input, or the system does for us.</summary>
internal sealed class LocalWeb : IAsyncDisposable
{
    private readonly Process _process;

    private LocalWeb(Process process, int port)
    {
        _process = process;
        Start = new Uri($"http://127.0.0.1:{port}/graph/site0/0");
    }

    /// <summary>A page from which all others are reached.</summary>
    public Uri Start { get; }

    public static async Coroutine<LocalWeb> StartAsync(Options options)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "LocalServer.dll");
        var start = new ProcessStartInfo(
            "dotnet", [program, "--delay", $"{options.Delay}", "--graph-hosts", $"{options.Hosts}", "--graph-pages", $"{options.Pages}", "--lifetime", "86400"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start) ?? throw new IOException("The local server did not start.");
        string? firstLine = await process.StandardOutput.ReadLineAsync(Loop.CancellationToken);
        return int.TryParse(firstLine, CultureInfo.InvariantCulture, out int port)
            ? new LocalWeb(process, port)
            : throw new IOException("The local server did not start.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
