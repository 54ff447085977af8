using System.Text;
using EventLoop.IO;
using EventLoop.Native;
using EventLoop.Net;

namespace EventLoop.Tests.Files;

public sealed class LoopFileTests : FileTest
{
    [Fact]
    public void What_is_in_the_systems_memory_is_opened_looked_at_and_read_on_the_loops_thread()
    {
        string path = Put("a", "0123456789");
        SkipUnlessReadAtOnce(path);
        var executor = new HeldExecutor(holds: true);
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path);
            file.KnownStatus!.Value.Length.Should().Be(10);
            (await file.GetLengthAsync()).Should().Be(10);
            var buffer = new byte[4];
            (await file.ReadAsync(buffer, 3)).Should().Be(4);
            Encoding.ASCII.GetString(buffer).Should().Be("3456");
            executor.Count.Should().Be(0);
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_slow_disk_does_not_stop_the_loop()
    {
        string path = Put("slow", 300_000);
        var expected = File.ReadAllBytes(path);
        Forget(path);
        var executor = new HeldExecutor(holds: true);
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path);
            var buffer = new byte[300_000];
            var reading = Loop.CreateTask(file.ReadAsync(buffer, 0));
            await Yields(100);
            reading.IsCompleted.Should().BeFalse("its disk has not answered");
            executor.Count.Should().Be(1);
            executor.Release();
            (await reading).Should().Be(300_000);
            buffer.Should().Equal(expected);
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_file_that_is_sent_from_a_slow_disk_does_not_stop_the_loop()
    {
        string path = Put("slow", 3_000_000);
        Forget(path);
        var executor = new HeldExecutor(holds: true);
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path);
            await using var server = Tcp.Listen(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), async connection =>
                await connection.SendFileAsync(file, 0, 3_000_000));
            await using var client = await Tcp.ConnectAsync(server.EndPoint);
            var receiving = Loop.CreateTask(client.ReadToEndAsync());
            while (executor.Count == 0)
            {
                await Loop.Yield();
            }

            await Yields(100);
            receiving.IsCompleted.Should().BeFalse("its disk has not answered");
            executor.Release();
            (await receiving).Should().Equal(File.ReadAllBytes(path));
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_file_that_is_in_memory_is_sent_without_the_executor()
    {
        string path = Put("a", 3_000_000);
        SkipUnlessReadAtOnce(path);
        var executor = new HeldExecutor(holds: false);
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path);
            await using var server = Tcp.Listen(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), async connection =>
                await connection.SendFileAsync(file, 10, 5_000_000));

            // A machine that is short of memory may take a page away meanwhile.
            int before, attempts = 0;
            do
            {
                var expected = File.ReadAllBytes(path)[10..];
                before = executor.Count;
                await using var client = await Tcp.ConnectAsync(server.EndPoint);
                (await client.ReadToEndAsync()).Should().Equal(expected);
            }
            while (executor.Count > before && ++attempts < 20);
            executor.Count.Should().Be(before);
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_pipe_is_refused_without_being_opened_and_stops_nobody()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes with names");
        string path = MakeFifo("fifo");
        RunLoop(async () =>
        {
            (await Catch(Open())).Should().BeOfType<NotSupportedException>().Which.Message.Should().Contain("ReceivePipe");
            (await LoopFile.GetStatusAsync(path))!.Value.IsFile.Should().BeFalse();

            async Coroutine Open() => await LoopFile.OpenAsync(path);
        });
    }

    [Fact]
    public void A_handle_without_positions_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it is asked there");
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In);
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        this.Invoking(_ => new LoopFile(handle)).Should().Throw<NotSupportedException>();
    }

    [Fact]
    public void A_cancelled_read_ends_at_once_and_leaves_the_buffer_alone_afterwards()
    {
        string path = Put("slow", 10_000);
        Forget(path);
        var executor = new HeldExecutor(holds: true);
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path);
            var buffer = new byte[10_000];
            (await CancelScope.MoveOnAfter(TimeSpan.FromMilliseconds(1), async Coroutine (_) => { await file.ReadAsync(buffer, 0); })).Should().BeFalse();
            executor.Count.Should().Be(1, "the read has been given to it, and waits");
            executor.RunHere();
            await Yields(3);
            buffer.Should().OnlyContain(static letter => letter == 0);
            executor.Release();
        }, Options with { DefaultExecutor = executor, TimeProvider = TimeProvider.System });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancelled_open_leaves_no_file_open_whether_it_is_opened_before_or_after(bool isCancelledBefore)
    {
        string path = Put("a", "0123456789");
        var executor = new HeldExecutor(holds: true);
        RunLoop(async () =>
        {
            var opening = Loop.CreateTask(LoopFile.OpenAsync(path, share: FileShare.None));
            while (executor.Count == 0)
            {
                await Loop.Yield();
            }

            if (isCancelledBefore)
            {
                opening.Cancel();
                await Loop.Wait([opening]);
                executor.RunHere();
            }
            else
            {
                executor.RunHere();
                opening.Cancel();
                await Loop.Wait([opening]);
            }

            opening.IsCanceled.Should().BeTrue();
            this.Invoking(_ => File.OpenHandle(path, share: FileShare.None).Dispose()).Should().NotThrow("nobody else has it");
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_cancelled_write_that_was_handed_over_is_waited_for()
    {
        string path = Put("a", "0123456789");
        var executor = new HeldExecutor(holds: false);
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path, FileMode.Open, FileAccess.ReadWrite);
            executor.Hold();
            var writing = Loop.CreateTask(file.WriteAsync("xyz"u8.ToArray(), 2));
            await Yields(3);
            writing.Cancel();
            await Yields(100);
            writing.IsCompleted.Should().BeFalse();
            executor.Release();
            await Loop.Wait([writing]);
            writing.IsCanceled.Should().BeFalse("it has happened");
            File.ReadAllText(path).Should().Be("01xyz56789");
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public async Task A_cancelled_write_that_waits_for_a_thread_is_waited_for()
    {
        string path = Put("a", "0123456789");
        await using var executor = new DedicatedThreadExecutor(1);
        using var begun = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path, FileMode.Open, FileAccess.ReadWrite);
            LoopTask before = Loop.CreateTask(Loop.ToThread(() =>
            {
                begun.Set();
                gate.Wait(TimeSpan.FromSeconds(30));
            }));
            await Yields(2);
            begun.Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
            var writing = Loop.CreateTask(file.WriteAsync("xyz"u8.ToArray(), 2));
            await Yields(3);
            writing.Cancel();
            await Yields(100);
            writing.IsCompleted.Should().BeFalse();
            gate.Set();
            await Loop.Wait([writing]);
            writing.IsCanceled.Should().BeFalse("it has happened");
            File.ReadAllText(path).Should().Be("01xyz56789");
            await before;
        }, Options with { DefaultExecutor = executor });
    }

    [Fact]
    public void A_file_of_many_megabytes_is_read_whole() => RunLoop(async () =>
    {
        var content = new byte[(9 << 20) + 1];
        new Random(1).NextBytes(content);
        string path = At("large");
        File.WriteAllBytes(path, content);

        (await LoopFile.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(content).Should().BeTrue();
        (await LoopFile.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(content).Should().BeTrue();
    });

    [Fact]
    public void Many_writes_at_the_same_time_each_go_where_they_are_told() => RunLoop(async () =>
    {
        string path = At("many");
        await using (var file = await LoopFile.OpenAsync(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            for (int round = 0; round < 20; round++)
            {
                await Loop.Gather(Enumerable.Range(0, 20).Select(i => file.WriteAsync(new[] { (byte)('a' + i) }, i)));
                await file.SetLengthAsync(20 + round);
                (await file.GetLengthAsync()).Should().Be(20 + round);
            }
        }

        File.ReadAllText(path)[..20].Should().Be("abcdefghijklmnopqrst");
    });

    [Fact]
    public void Writes_go_where_they_are_told_and_a_gap_is_zeros() => RunLoop(async () =>
    {
        string path = At("new");
        await using (var file = await LoopFile.OpenAsync(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            await file.WriteAsync("end"u8.ToArray(), 5);
            await file.WriteAsync("a"u8.ToArray(), 0);
            await file.FlushAsync();
            (await file.GetLengthAsync()).Should().Be(8);
            var all = new byte[20];
            (await file.ReadAsync(all, 0)).Should().Be(8);
            Encoding.ASCII.GetString(all, 0, 8).Should().Be("a\0\0\0\0end");
            (await file.ReadAsync(all, 8)).Should().Be(0);
            (await file.ReadAsync(all, 1000)).Should().Be(0);
            await file.SetLengthAsync(3);
            var status = await file.GetStatusAsync();
            status.Length.Should().Be(3);
            status.IsFile.Should().BeTrue();
            status.LastWriteTimeUtc.Should().Be(File.GetLastWriteTimeUtc(path));
        }

        File.ReadAllBytes(path).Should().Equal((byte)'a', 0, 0);
    });

    [Fact]
    public void A_long_read_lets_others_have_their_turns()
    {
        string path = Put("long", 2_000_000);
        SkipUnlessReadAtOnce(path);
        RunLoop(async () =>
        {
            await using var file = await LoopFile.OpenAsync(path);
            var buffer = new byte[2_000_000];
            var reading = Loop.CreateTask(file.ReadAsync(buffer, 0));
            int turns = 0;
            while (!reading.IsCompleted)
            {
                await Loop.Yield();
                turns++;
            }

            turns.Should().BeGreaterThan(10);
            (await reading).Should().Be(2_000_000);
            buffer.Should().Equal(File.ReadAllBytes(path));
        });
    }

    [Theory]
    [InlineData("/proc/self", "status")]
    [InlineData("/dev/shm", null)]
    public void Where_the_system_does_not_tell_what_it_has_the_executor_reads(string folder, string? name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(folder), "file systems of Linux");
        bool isOurs = name is null;
        string path = Path.Combine(folder, name ?? $"eventloop-files-test-{Guid.NewGuid():N}");
        if (isOurs)
        {
            File.WriteAllText(path, "Name: x");
        }

        try
        {
            var executor = new HeldExecutor(holds: false);
            RunLoop(async () =>
            {
                (await LoopFile.ReadAllTextAsync(path)).Should().StartWith("Name:");
                (await LoopFile.ReadAllTextAsync(path)).Should().StartWith("Name:");

                await using var file = await LoopFile.OpenAsync(path);
                Assert.SkipUnless(CachedFile.TryRead(file.Handle, new byte[1], 0) == CachedFile.Unsupported, "this system tells");
                for (int i = 0; i < 3; i++)
                {
                    int before = executor.Count;
                    (await file.ReadAsync(new byte[5], 0)).Should().Be(5);
                    executor.Count.Should().Be(before + 1, "nobody else may read it");
                }
            }, Options with { DefaultExecutor = executor });
        }
        finally
        {
            if (isOurs)
            {
                File.Delete(path);
            }
        }
    }

    [Fact]
    public void Errors_are_those_of_NET() => RunLoop(async () =>
    {
        string path = Put("a", "0123456789");
        (await Catch(Open(At("none")))).Should().BeOfType<FileNotFoundException>();
        (await Catch(Open(At("none/a")))).Should().BeOfType<DirectoryNotFoundException>();
        (await Catch(Open(Folder))).Should().BeOfType<UnauthorizedAccessException>();
        (await LoopFile.GetStatusAsync(At("none"))).Should().BeNull();
        (await LoopFile.GetStatusAsync(Folder))!.Value.IsDirectory.Should().BeTrue();
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            (await Catch(Open(path))).Should().BeOfType<IOException>("somebody has it for himself");
        }

        var file = await LoopFile.OpenAsync(path);
        (await Catch(file.WriteAsync(new byte[1], 0))).Should().BeOfType<UnauthorizedAccessException>();
        file.Invoking(static it => it.ReadAsync(new byte[1], -1)).Should().Throw<ArgumentOutOfRangeException>();
        await file.DisposeAsync();
        await file.DisposeAsync();
        file.Invoking(static it => it.ReadAsync(new byte[1], 0)).Should().Throw<ObjectDisposedException>();
        file.ToString().Should().Be($"closed file {path}");

        static async Coroutine Open(string path) => await LoopFile.OpenAsync(path);
    });

    [Fact]
    public void A_device_without_positions_is_refused_without_being_opened() => RunLoop(async () =>
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "devices of Linux");
        foreach (string path in (string[])["/dev/full", "/dev/null"])
        {
            (await Catch(Open(path))).Should().BeOfType<NotSupportedException>().Which.Message.Should().Contain(path).And.Contain("another device");
        }

        static async Coroutine Open(string path) => await LoopFile.OpenAsync(path, FileMode.Open, FileAccess.ReadWrite);
    });

    [Fact]
    public void A_file_that_was_deleted_or_replaced_is_read_to_its_end_by_who_has_it_open() => RunLoop(async () =>
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "an open file cannot be deleted there");
        string path = Put("a", 300_000);
        var expected = File.ReadAllBytes(path);
        await using var file = await LoopFile.OpenAsync(path);
        File.Delete(path);
        File.WriteAllText(path, "another one");
        var buffer = new byte[400_000];
        (await file.ReadAsync(buffer, 0)).Should().Be(300_000);
        buffer.AsSpan(0, 300_000).SequenceEqual(expected).Should().BeTrue();
        (await LoopFile.ReadAllTextAsync(path)).Should().Be("another one");
    });

    [Fact]
    public void A_file_that_shrinks_under_its_reader_ends_earlier() => RunLoop(async () =>
    {
        string path = Put("a", 300_000);
        await using var reader = await LoopFile.OpenAsync(path, share: FileShare.ReadWrite);
        await using var writer = await LoopFile.OpenAsync(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        await writer.SetLengthAsync(1000);
        var buffer = new byte[2000];
        (await reader.ReadAsync(buffer, 0)).Should().Be(1000);
        (await reader.ReadAsync(buffer, 200_000)).Should().Be(0);
        (await reader.ReadAsync(Memory<byte>.Empty, 0)).Should().Be(0);
        (await reader.GetLengthAsync()).Should().Be(1000);
    });

    [Fact]
    public void A_hole_of_a_sparse_file_reads_as_zeros() => RunLoop(async () =>
    {
        const long Far = 5L << 30;
        await using var file = await LoopFile.OpenAsync(At("sparse"), FileMode.CreateNew, FileAccess.ReadWrite);
        await file.WriteAsync("end"u8.ToArray(), Far);
        (await file.GetLengthAsync()).Should().Be(Far + 3);
        var buffer = new byte[8];
        buffer.AsSpan().Fill(1);
        (await file.ReadAsync(buffer, Far - 4)).Should().Be(7);
        buffer.Should().Equal(0, 0, 0, 0, (byte)'e', (byte)'n', (byte)'d', 1);
    });

    [Fact]
    public void A_file_that_is_closed_while_it_is_written_is_written_whole_or_not_at_all()
    {
        string path = Put("a", "0123456789");
        var executor = new HeldExecutor(holds: false);
        RunLoop(async () =>
        {
            var file = await LoopFile.OpenAsync(path, FileMode.Open, FileAccess.ReadWrite);
            executor.Hold();
            var writing = Loop.CreateTask(file.WriteAsync("xyz"u8.ToArray(), 2));
            await Yields(3);
            var closing = file.DisposeAsync();
            executor.Release();
            var failure = await Catch(Outcome(writing));
            await closing;
            if (failure is null)
            {
                File.ReadAllText(path).Should().Be("01xyz56789");
            }
            else
            {
                failure.Should().BeOfType<ObjectDisposedException>("the write had not begun");
                File.ReadAllText(path).Should().Be("0123456789");
            }
        }, Options with { DefaultExecutor = executor });

        static async Coroutine Outcome(LoopTask task) => await task;
    }

    [Theory]
    [InlineData("5.8.0", false)]
    [InlineData("5.9.1", true)]
    [InlineData("5.10.200", true)]
    [InlineData("5.11.0", false)]
    [InlineData("6.10.0", false)]
    public void Kernels_that_report_an_end_too_early_are_not_believed(string kernel, bool isUncertain) =>
        CachedFile.IsUncertain(Version.Parse(kernel)).Should().Be(isUncertain);

    [Fact]
    public void A_path_is_followed_over_links_and_a_file_is_the_one_that_it_leads_to() => RunLoop(async () =>
    {
        Put("a", "content");
        File.CreateSymbolicLink(At("link"), At("a"));
        (await LoopFile.ReadAllTextAsync(At("link"))).Should().Be("content");
    });

    [Fact]
    public void What_of_a_part_is_in_memory_is_known_also_at_the_end_of_a_file()
    {
        string path = Put("a", 10_000);
        SkipUnlessReadAtOnce(path);
        using var file = File.OpenHandle(path);
        CachedFile.IsAtHand(file, 0, 10_000).Should().BeTrue();
        CachedFile.IsAtHand(file, 0, 1_000_000).Should().BeTrue();
        CachedFile.IsAtHand(file, 9_000, 100_000).Should().BeTrue();
        CachedFile.IsAtHand(file, 50_000, 10).Should().BeTrue("there is nothing to wait for");
        Forget(path);
        CachedFile.IsAtHand(file, 0, 10_000).Should().BeFalse();
    }

    [Theory]
    [InlineData(253_402_300_800)]
    [InlineData(-62_200_000_000)]
    public void A_file_whose_time_no_DateTime_can_hold_is_opened(long seconds) => RunLoop(async () =>
    {
        // In memory: not every file system can hold such a time.
        string path = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Folder, $"eventloop-{Guid.NewGuid():n}");
        await File.WriteAllTextAsync(path, "content");
        try
        {
            using (var touch = System.Diagnostics.Process.Start("touch", ["-d", $"@{seconds}", path]))
            {
                await touch.WaitForExitAsync();
            }

            await using var file = await LoopFile.OpenAsync(path);
            (await file.GetStatusAsync()).Length.Should().Be(7);
        }
        finally
        {
            File.Delete(path);
        }
    });
}
