using System.Text;
using EventLoop.IO;

namespace EventLoop.Tests.Files;

public sealed class OpenFileCacheTests : FileTest
{
    [Fact]
    public void A_known_file_is_given_again_without_another_look()
    {
        Put("sub/a", "content");
        var executor = new HeldExecutor(holds: false);
        RunLoop(async () =>
        {
            using var cache = new OpenFileCache(Folder);
            await using var first = await cache.TryOpenAsync("sub/a");
            int looked = executor.Count;
            File.Delete(At("sub/a"));
            await using var second = await cache.TryOpenAsync("sub/a");
            second!.Handle.Should().BeSameAs(first!.Handle);
            second.KnownStatus!.Value.Length.Should().Be(7);
            (await Content(second)).Should().Be("content");
            executor.Count.Should().Be(looked);
            cache.Count.Should().Be(1);
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void What_is_valid_for_ever_is_opened_once() => RunLoop(async () =>
    {
        Put("a", "old");
        await Loop.Sleep(1);
        using var cache = new OpenFileCache(Folder, new() { Validity = TimeSpan.MaxValue });
        (await Read(cache, "a")).Should().Be("old");
        Put("new", "newer");
        File.Move(At("new"), At("a"), overwrite: true);
        await Loop.Sleep(TimeSpan.FromDays(400));
        (await Read(cache, "a")).Should().Be("old");
    });

    [Fact]
    public void When_its_validity_is_over_a_file_is_what_it_is_then() => RunLoop(async () =>
    {
        Put("a", "old");
        Put("b", "same");
        using var cache = new OpenFileCache(Folder, new() { Validity = Seconds(5) });
        await using var old = await cache.TryOpenAsync("a");
        await using var same = await cache.TryOpenAsync("b");
        Put("new", "newer");
        File.Move(At("new"), At("a"), overwrite: true);
        await Loop.Sleep(Seconds(4));
        (await Read(cache, "a")).Should().Be("old");
        await Loop.Sleep(Seconds(2));
        (await Read(cache, "a")).Should().Be("newer");
        (await Content(old!)).Should().Be("old", "who has it keeps it");
        await using var still = await cache.TryOpenAsync("b");
        still!.Handle.Should().BeSameAs(same!.Handle);
        File.Delete(At("a"));
        await Loop.Sleep(Seconds(6));
        (await cache.TryOpenAsync("a")).Should().BeNull();
        cache.Count.Should().Be(1);
    });

    [Fact]
    public void The_file_that_was_not_asked_for_the_longest_makes_room_and_stays_open_for_its_users() => RunLoop(async () =>
    {
        using var cache = new OpenFileCache(Folder, new() { Capacity = 2 });
        foreach (string name in new[] { "a", "b", "c" })
        {
            Put(name, name);
        }

        var a = await cache.TryOpenAsync("a");
        var b = await cache.TryOpenAsync("b");
        await using (await cache.TryOpenAsync("a"))
        await using (await cache.TryOpenAsync("c"))
        {
        }

        cache.Count.Should().Be(2);
        (await Content(b!)).Should().Be("b");
        await b!.DisposeAsync();
        await b.DisposeAsync();
        b.Handle.IsClosed.Should().BeTrue();
        await a!.DisposeAsync();
        a.Handle.IsClosed.Should().BeFalse("the cache keeps it");
        cache.Dispose();
        a.Handle.IsClosed.Should().BeTrue();
        cache.Invoking(static it => it.TryOpenAsync("a")).Should().Throw<ObjectDisposedException>();
    });

    [Theory]
    [InlineData(0.0)]
    [InlineData(5.0)]
    public void A_root_that_leads_elsewhere_is_followed_when_its_validity_is_over(double validity) => RunLoop(async () =>
    {
        Put("v1/a", "one");
        Put("v2/a", "two");
        File.CreateSymbolicLink(At("site"), At("v1"));
        using var cache = new OpenFileCache(At("site"), new() { Validity = Seconds(validity) });
        (await Read(cache, "a")).Should().Be("one");
        File.Delete(At("site"));
        File.CreateSymbolicLink(At("site"), At("v2"));
        await Loop.Sleep(Seconds(validity + 1));
        (await Read(cache, "a")).Should().Be("two");
    });

    [Fact]
    public void A_root_that_is_made_after_the_cache_is_found() => RunLoop(async () =>
    {
        using var cache = new OpenFileCache(At("later"), new() { Validity = Seconds(1) });
        (await cache.TryOpenAsync("a")).Should().BeNull();
        Put("later/a", "here");
        await Loop.Sleep(Seconds(2));
        (await Read(cache, "a")).Should().Be("here");
    });

    [Fact]
    public void The_root_may_be_that_of_the_whole_system() => RunLoop(async () =>
    {
        Put("a", "here");
        using var cache = new OpenFileCache("/");
        (await Read(cache, At("a")[1..])).Should().Be("here");
    });

    [Theory]
    [InlineData("none")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("sub")]
    [InlineData("a/")]
    [InlineData("sub/../../secret/s")]
    [InlineData("../secret/s")]
    [InlineData("../site-next-door/n")]
    [InlineData("/etc/hostname")]
    [InlineData("link")]
    [InlineData("folder/s")]
    [InlineData("fifo")]
    [InlineData("a\0b")]
    public void What_is_no_file_below_the_folder_is_not_there(string path) => RunLoop(async () =>
    {
        Put("secret/s", "secret");
        Put("site-next-door/n", "another's");
        Put("site/a", "content");
        Put("site/sub/b", "content");
        File.CreateSymbolicLink(At("site/link"), At("secret/s"));
        Directory.CreateSymbolicLink(At("site/folder"), At("secret"));
        MakeFifo("site/fifo");
        using var cache = new OpenFileCache(At("site"));
        (await Read(cache, "a")).Should().Be("content");
        (await Read(cache, "sub/../sub/b")).Should().Be("content");
        (await cache.TryOpenAsync(path)).Should().BeNull();

        var portable = path.Length == 0 || path.Contains('\0') ? default : IO.FileLookup.Find(null, At("site"), path);
        portable.Handle.Should().BeNull();
    });

    [Fact]
    public void Without_help_of_the_system_the_same_files_are_found() => RunLoop(async () =>
    {
        Put("site/sub/b", "content");
        var found = IO.FileLookup.Find(null, At("site"), "sub/b");
        found.Handle.Should().NotBeNull();
        found.Facts.Length.Should().Be(7);
        found.Handle!.Dispose();
        await Loop.Yield();
    });

    [Fact]
    public void A_cancelled_look_at_the_root_leaves_nothing_open()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it shows what is open");
        Put("a", "content");
        var executor = new HeldExecutor(holds: true);
        RunLoop(async () =>
        {
            using var cache = new OpenFileCache(Folder);
            var opening = Loop.CreateTask(cache.TryOpenAsync("a"));
            while (executor.Count == 0)
            {
                await Loop.Yield();
            }

            opening.Cancel();
            await Loop.Wait([opening]);
            executor.RunHere();
            opening.IsCanceled.Should().BeTrue();
            IsOpen(Folder).Should().BeFalse();
            executor.Release();
            (await Read(cache, "a")).Should().Be("content");
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_cancelled_look_for_a_file_leaves_it_closed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it shows what is open");
        var executor = new HeldExecutor(holds: false);
        RunLoop(async () =>
        {
            using var cache = new OpenFileCache(At("site"));
            (await cache.TryOpenAsync("a")).Should().BeNull();
            string path = Put("site/a", "content");      // its folder is not known, and so it is looked for on another thread
            executor.Hold();
            int before = executor.Count;
            var opening = Loop.CreateTask(cache.TryOpenAsync("a"));
            while (executor.Count == before)
            {
                await Loop.Yield();
            }

            opening.Cancel();
            await Loop.Wait([opening]);
            executor.RunHere();
            opening.IsCanceled.Should().BeTrue();
            IsOpen(path).Should().BeFalse();
            executor.Release();
            (await Read(cache, "a")).Should().Be("content");
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_folder_that_is_not_there_has_no_files() => RunLoop(async () =>
    {
        using var cache = new OpenFileCache(At("none"));
        (await cache.TryOpenAsync("a")).Should().BeNull();
    });

    [Fact]
    public void Two_who_ask_for_the_same_unknown_file_share_it() => RunLoop(async () =>
    {
        Put("a", "content");
        using var cache = new OpenFileCache(Folder);
        var files = await Loop.Gather(cache.TryOpenAsync("a"), cache.TryOpenAsync("a"));
        files[0]!.Handle.Should().BeSameAs(files[1]!.Handle);
        cache.Count.Should().Be(1);
        await files[0]!.DisposeAsync();
        await files[1]!.DisposeAsync();
    });

    private static async Coroutine<string> Read(OpenFileCache cache, string path)
    {
        await using var file = await cache.TryOpenAsync(path);
        return await Content(file!);
    }

    private static async Coroutine<string> Content(LoopFile file)
    {
        var buffer = new byte[100];
        return Encoding.UTF8.GetString(buffer, 0, await file.ReadAsync(buffer, 0));
    }

    private static bool IsOpen(string path) =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Any(descriptor => new FileInfo(descriptor).LinkTarget == path);
}
