using EventLoop;
using EventLoop.IO;

namespace HttpStatic;

/// <summary>The files below one folder, of which those that were asked for lately are kept open. No request ever
/// leaves it, however its path is encoded, nor goes over a link.</summary>
internal sealed class Site(string folder) : IDisposable
{
    private readonly OpenFileCache files = new(folder);

    /// <summary>The file that a request's target names; null when there is none, or none of ours.</summary>
    public async Coroutine<LoopFile?> TryOpenAsync(string target)
    {
        if (PathOf(target) is not { } path)
        {
            return null;
        }

        return path.Length == 0 || path.EndsWith('/') ? await files.TryOpenAsync(path + "index.html")
            : await files.TryOpenAsync(path) ?? await files.TryOpenAsync(path + "/index.html");
    }

    public void Dispose() => files.Dispose();

    // Below the folder. Decoded once, and only then looked at: an encoded "../" is no better than a plain one.
    private static string? PathOf(string target)
    {
        int end = target.AsSpan().IndexOfAny('?', '#');
        string path = end < 0 ? target : target[..end];
        path = path.Contains('%') ? Uri.UnescapeDataString(path) : path;
        return path.StartsWith('/') && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\0') && !path.Contains('\\') ? path[1..] : null;
    }

    public static string TypeOf(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css",
        ".js" => "text/javascript",
        ".json" => "application/json",
        ".txt" or ".md" => "text/plain; charset=utf-8",
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
