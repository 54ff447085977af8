using System.Diagnostics;
using System.Globalization;
using EventLoop;

namespace Downloads;

/// <summary>The local server in its own process. It ends when we close its standard input, or the system does for us.</summary>
internal sealed class LocalWeb : IAsyncDisposable
{
    private readonly Process _process;
    private readonly int _port;

    private LocalWeb(Process process, int port)
    {
        _process = process;
        _port = port;
    }

    public static async Coroutine<LocalWeb> StartAsync(int delay, int size)
    {
        var process = Process.Start(SiblingProgram.Start(
            "LocalServer", "--delay", $"{delay}", "--size", $"{size}", "--lifetime", "86400"))!;
        string? firstLine = await process.StandardOutput.ReadLineAsync(Loop.CancellationToken);
        return int.TryParse(firstLine, CultureInfo.InvariantCulture, out int port)
            ? new LocalWeb(process, port)
            : throw new ProcessFailedException("The local server did not start.");
    }

    public IEnumerable<Uri> Pages(int count) =>
        Enumerable.Range(1, count).Select(number => new Uri($"http://127.0.0.1:{_port}/page/{number}"));

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
