using System.Diagnostics;

namespace EventLoop.Benchmarks.Files;

/// <summary>Many files of 10 kB and one of 8 MB.</summary>
internal sealed class Site
{
    public const int Small = 10_000, Large = 8 * 1024 * 1024;

    public Site(string folder, int count)
    {
        Folder = folder;
        Names = [.. Enumerable.Range(0, count).Select(static i => $"{i}.html")];
        foreach (string name in Names)
        {
            File.WriteAllBytes(Path.Combine(folder, name), new byte[Small]);
        }

        File.WriteAllBytes(LargePath, new byte[Large]);
    }

    public string Folder { get; }

    public IReadOnlyList<string> Names { get; }

    public string LargePath => Path.Combine(Folder, "large");

    public IEnumerable<string> Paths => Names.Select(name => Path.Combine(Folder, name));

    /// <summary>The small files have to come from the disk again, as far as the system listens to dd.</summary>
    public void Forget()
    {
        using var process = Process.Start(new ProcessStartInfo("sh",
            ["-c", "sync -f . ; for file in *.html; do dd if=$file iflag=nocache count=0 status=none; done"]) { WorkingDirectory = Folder })!;
        process.WaitForExit();
    }
}
