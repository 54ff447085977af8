using EventLoop.Native;

namespace EventLoop.IO;

/// <summary>What the system says about a file. Python: the result of <c>os.stat</c>.</summary>
public readonly record struct FileStatus
{
    internal FileStatus(in FileFacts facts)
    {
        Length = facts.Length;
        LastWriteTimeUtc = new DateTime(facts.LastWriteTicks, DateTimeKind.Utc);
        IsFile = facts.IsRegular;
        IsDirectory = facts.IsFolder;
    }

    internal FileStatus(FileSystemInfo info)
    {
        Length = info is FileInfo file ? file.Length : 0;
        LastWriteTimeUtc = info.LastWriteTimeUtc;
        IsFile = info is FileInfo;
        IsDirectory = info is DirectoryInfo;
    }

    /// <summary>The length in bytes.</summary>
    public long Length { get; }

    /// <summary>When it was last written to.</summary>
    public DateTime LastWriteTimeUtc { get; }

    /// <summary>Whether it is a regular file and not a folder, pipe or device.</summary>
    public bool IsFile { get; }

    /// <summary>Whether it is a folder.</summary>
    public bool IsDirectory { get; }
}
