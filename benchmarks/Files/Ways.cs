using EventLoop.IO;

namespace EventLoop.Benchmarks.Files;

/// <summary>The same work in each way.</summary>
internal static class Ways
{
    private const int Reads = 5_000, Writes = 2_000, Block = 4096, Alls = 10;

    public static int CountOf(string name, Site site) =>
        name switch { "read 4 kB" => Reads, "write 4 kB" => Writes, "read 8 MB" => Alls, _ => site.Names.Count };

    // ---- Open, read, close

    public static async Coroutine OpenAsync(Site site)
    {
        var buffer = new byte[Site.Small];
        foreach (string path in site.Paths)
        {
            await using var file = await LoopFile.OpenAsync(path);
            await file.ReadAsync(buffer, 0);
        }
    }

    public static async Coroutine OpenCachedAsync(Site site, OpenFileCache cache)
    {
        var buffer = new byte[Site.Small];
        foreach (string name in site.Names)
        {
            await using var file = await cache.TryOpenAsync(name);
            await file!.ReadAsync(buffer, 0);
        }
    }

    public static async Coroutine OpenStreamAsync(Site site)
    {
        var buffer = new byte[Site.Small];
        foreach (string path in site.Paths)
        {
            await using var file = OpenStream(path);
            await file.ReadAsync(buffer);
        }
    }

    public static async Coroutine OpenOnThreadAsync(Site site)
    {
        var buffer = new byte[Site.Small];
        foreach (string path in site.Paths)
        {
            using var file = await Loop.ToThread(() => File.OpenHandle(path));
            await Loop.ToThread(() => RandomAccess.Read(file, buffer, 0));
        }
    }

    public static async Coroutine OpenForRingAsync(Site site, Ring ring)
    {
        var buffer = GC.AllocateArray<byte>(Site.Small, pinned: true);
        foreach (string path in site.Paths)
        {
            using var file = File.OpenHandle(path);      // on the loop's thread
            await ring.ReadAsync(file, buffer, 0);
        }
    }

    // ---- Read and write

    public static async Coroutine ReadAsync(Site site)
    {
        var buffer = new byte[Block];
        await using var file = await LoopFile.OpenAsync(site.LargePath);
        for (int i = 0; i < Reads; i++)
        {
            await file.ReadAsync(buffer, At(i));
        }
    }

    public static async Coroutine ReadStreamAsync(Site site)
    {
        var buffer = new byte[Block];
        await using var file = OpenStream(site.LargePath);
        for (int i = 0; i < Reads; i++)
        {
            file.Position = At(i);
            await file.ReadAsync(buffer);
        }
    }

    public static async Coroutine ReadOnThreadAsync(Site site)
    {
        var buffer = new byte[Block];
        using var file = File.OpenHandle(site.LargePath);
        for (int i = 0; i < Reads; i++)
        {
            long offset = At(i);
            await Loop.ToThread(() => RandomAccess.Read(file, buffer, offset));
        }
    }

    public static async Coroutine ReadByRingAsync(Site site, Ring ring)
    {
        var buffer = GC.AllocateArray<byte>(Block, pinned: true);
        using var file = File.OpenHandle(site.LargePath);
        for (int i = 0; i < Reads; i++)
        {
            await ring.ReadAsync(file, buffer, At(i));
        }
    }

    public static async Coroutine WriteAsync(Site site)
    {
        var buffer = new byte[Block];
        await using var file = await LoopFile.OpenAsync(Path.Combine(site.Folder, "written"), FileMode.OpenOrCreate, FileAccess.Write);
        for (int i = 0; i < Writes; i++)
        {
            await file.WriteAsync(buffer, At(i));
        }
    }

    public static async Coroutine WriteStreamAsync(Site site)
    {
        var buffer = new byte[Block];
        await using var file = new FileStream(Path.Combine(site.Folder, "written"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0,
            useAsync: true);
        for (int i = 0; i < Writes; i++)
        {
            file.Position = At(i);
            await file.WriteAsync(buffer);
        }
    }

    public static async Coroutine WriteOnThreadAsync(Site site)
    {
        var buffer = new byte[Block];
        using var file = File.OpenHandle(Path.Combine(site.Folder, "written"), FileMode.OpenOrCreate, FileAccess.Write);
        for (int i = 0; i < Writes; i++)
        {
            long offset = At(i);
            await Loop.ToThread(() => RandomAccess.Write(file, buffer, offset));
        }
    }

    public static async Coroutine WriteByRingAsync(Site site, Ring ring)
    {
        var buffer = GC.AllocateArray<byte>(Block, pinned: true);
        using var file = File.OpenHandle(Path.Combine(site.Folder, "written"), FileMode.OpenOrCreate, FileAccess.Write);
        for (int i = 0; i < Writes; i++)
        {
            await ring.WriteAsync(file, buffer, At(i));
        }
    }

    // ---- All of it

    public static async Coroutine ReadAllAsync(Site site)
    {
        for (int i = 0; i < Alls; i++)
        {
            await LoopFile.ReadAllBytesAsync(site.LargePath);
        }
    }

    public static async Coroutine ReadAllStreamAsync(Site site)
    {
        for (int i = 0; i < Alls; i++)
        {
            await File.ReadAllBytesAsync(site.LargePath);
        }
    }

    public static async Coroutine ReadAllOnThreadAsync(Site site)
    {
        for (int i = 0; i < Alls; i++)
        {
            await Loop.ToThread(() => File.ReadAllBytes(site.LargePath));
        }
    }

    private static FileStream OpenStream(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true);

    private static long At(int i) => (long)i * 7919 % (Site.Large / Block) * Block;
}
