using System.Diagnostics;
using System.Runtime.InteropServices;
using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Files;

/// <summary>What tests of files start from: a folder of their own, and ways to make its disk slow.</summary>
public abstract class FileTest : LoopTest
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("files-");

    protected string Folder => folder.FullName;

    private protected override void CleanUp() => folder.Delete(recursive: true);

    protected string At(string name) => Path.Combine(folder.FullName, name);

    protected string Put(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), content);
        return At(name);
    }

    protected string Put(string name, int length)
    {
        var content = new byte[length];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(At(name), content);
        return At(name);
    }

    protected string MakeFifo(string name)
    {
        using var maker = Process.Start("mkfifo", At(name));
        maker.WaitForExit(10_000).Should().BeTrue();
        return At(name);
    }

    /// <summary>The file's content has to be read from its disk again. Whoever asks whether it is there has the system begin to.</summary>
    protected void Forget(string path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "as Linux does it");
        string probe = Put("probe", 100_000);
        LetGo(probe);
        using (var file = File.OpenHandle(probe))
        {
            Assert.SkipUnless(CachedFile.TryRead(file, new byte[1], 0) == CachedFile.NotAtHand,
                "this file system does not tell what it has in memory, or does not let go of it");
        }

        LetGo(path);
    }

    // Linux does not let go of a page that another processor has on its hands just then: asked again, until it has.
    private static void LetGo(string path)
    {
        const int dontNeed = 4, most = 1000;
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (int attempt = 0; attempt < most; attempt++)
        {
            RandomAccess.FlushToDisk(file);
            posix_fadvise((int)file.DangerousGetHandle(), 0, 0, dontNeed).Should().Be(0);
            if (CountCached(file) is null or 0)
            {
                return;
            }
        }
    }

    // In pages; null where the system does not tell. Brings none in.
    private static unsafe long? CountCached(SafeFileHandle file)
    {
        var whole = new CachedRange { Length = (ulong)RandomAccess.GetLength(file) };
        CachedPages pages;
        return Libc.SystemCall(Libc.CacheStatistics, file.DangerousGetHandle(), (nint)(&whole), (nint)(&pages), 0, 0, 0) == 0 ? (long)pages.Cached : null;
    }

    protected static void SkipUnlessReadAtOnce(string path)
    {
        using var file = File.OpenHandle(path);
        Assert.SkipUnless(CachedFile.TryRead(file, new byte[1], 0) == 1, "this file system does not know RWF_NOWAIT");
    }

    [DllImport("libc")]
    private static extern int posix_fadvise(int file, long offset, long length, int advice);
}
