namespace HttpStatic;

/// <summary>The files below one folder. No request ever leaves it, however its path is encoded.</summary>
internal sealed class Site(string folder)
{
    private readonly string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>The file that a request's target names; null when there is none, or none of ours.</summary>
    public FileInfo? Find(string target)
    {
        int end = target.AsSpan().IndexOfAny('?', '#');
        string path = Uri.UnescapeDataString(end < 0 ? target : target[..end]);

        // Decoded once, and only then looked at: an encoded "../" is no better than a plain one.
        if (!path.StartsWith('/') || path.Contains('\0') || path.Contains('\\'))
        {
            return null;
        }

        string full = Path.GetFullPath(root + path);
        if (full != root && !full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            return null;
        }

        if (path.EndsWith('/') && !Directory.Exists(full))
        {
            return null;      // a file is no folder
        }

        var file = new FileInfo(Directory.Exists(full) ? Path.Combine(full, "index.html") : full);
        return file.Exists && !IsBehindLink(file) ? file : null;
    }

    // A link may point anywhere, and a folder on the way may be one as well as the file.
    private bool IsBehindLink(FileInfo file)
    {
        FileSystemInfo? entry = file;
        while (entry is not null && entry.FullName.Length > root.Length)
        {
            if (entry.LinkTarget is not null)
            {
                return true;
            }

            entry = entry is FileInfo { Directory: var folder } ? folder : ((DirectoryInfo)entry).Parent;
        }

        return false;
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
