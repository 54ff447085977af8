using EventLoop.Net;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Net;

public sealed class SendFileOnEpollTests() : SendFileTests(PollerKind.Epoll);

public sealed class SendFileOnPortableTests() : SendFileTests(PollerKind.Portable);

/// <summary>Files that cannot be sent just so.</summary>
public abstract class SendFileTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void A_file_that_the_system_does_not_send_by_itself_is_read_and_sent() => WithConnection(async (client, server) =>
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "files as on Linux");
        using var file = File.OpenHandle("/proc/self/status", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        (await server.SendFileAsync(file, 0, 50)).Should().Be(50);
        (await server.Socket.SendFileAsync(file, 50, 50)).Should().Be(50);
        string text = System.Text.Encoding.ASCII.GetString(await client.ReadExactlyAsync(100));
        File.ReadAllText("/proc/self/status").Should().StartWith(text[..20]);
        text.Should().StartWith("Name:").And.Contain("State:");
        (await server.SendFileAsync(file, 1_000_000, 50)).Should().Be(0);
    });

    [Fact]
    public void A_part_that_no_file_can_have_is_refused_at_the_call() => WithConnection(async (_, server) =>
    {
        string path = typeof(Loop).Assembly.Location;
        using var file = File.OpenHandle(path);
        foreach (var (offset, count) in new[] { (-1L, 1L), (0L, -1L), (1L, long.MaxValue), (long.MaxValue, 1L), (long.MinValue, long.MinValue) })
        {
            server.Invoking(it => it.SendFileAsync(file, offset, count)).Should().Throw<ArgumentOutOfRangeException>();
            server.Socket.Invoking(it => it.SendFileAsync(file, offset, count)).Should().Throw<ArgumentOutOfRangeException>();
        }

        long length = new FileInfo(path).Length;
        (await server.SendFileAsync(file, length - 10, long.MaxValue - length + 10)).Should().Be(10, "as much as there is");
        (await server.SendFileAsync(file, long.MaxValue, 0)).Should().Be(0);
    });

    [Fact]
    public void A_handle_without_read_access_is_called_that_and_the_connection_can_be_used() => WithConnection(async (client, server) =>
    {
        string path = Path.GetTempFileName();
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(file, new byte[100], 0);
            (await Catch(server.SendFileAsync(file, 0, 100))).Should().BeOfType<IOException>().Which.Message.Should().Contain("not opened for reading");
            (await Catch(server.Socket.SendFileAsync(file, 0, 100))).Should().BeOfType<IOException>().Which.Message.Should().Contain("not opened for reading");
        }

        File.Delete(path);
        await server.WriteAsync("sorry\n");
        (await client.ReadLineAsync()).Should().Be("sorry");
    });

    [Fact]
    public void A_handle_that_is_closed_already_fails_the_call_and_the_connection_can_be_used() => WithConnection(async (client, server) =>
    {
        var file = File.OpenHandle(typeof(Loop).Assembly.Location);
        file.Dispose();
        (await Catch(server.SendFileAsync(file, 0, 100))).Should().BeOfType<ObjectDisposedException>();
        await server.WriteAsync("sorry\n");
        (await client.ReadLineAsync()).Should().Be("sorry");
    });

    [Fact]
    public void A_pipe_is_refused_in_words_and_blocks_nobody() => WithConnection(async (client, server) =>
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In);
        using var file = new SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        (await Catch(server.SendFileAsync(file, 0, 100))).Should().BeOfType<NotSupportedException>().Which.Message.Should().Contain("pipe");
        await server.WriteAsync("sorry\n");
        (await client.ReadLineAsync()).Should().Be("sorry");
    });

    [Fact]
    public void A_file_handle_that_is_disposed_under_a_send_fails_that_send_and_breaks_the_stream() => WithConnection(async (client, server) =>
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[20_000_000]);
        var bystander = Loop.CreateTask(Forever());
        var file = File.OpenHandle(path);
        var sending = Loop.CreateTask(server.SendFileAsync(file, 0, 20_000_000));
        await Until(() => sending.WaitingOn is not null);
        file.Dispose();
        var end = Loop.CreateTask(client.ReadToEndAsync());
        (await Catch(sending)).Should().BeOfType<ObjectDisposedException>();
        (await Catch(server.WriteAsync("more"))).Should().BeOfType<IOException>("half of a file is followed by nothing");
        await server.DisposeAsync();
        (await Catch(end)).Should().BeOfType<IOException>("that was no clean end");
        bystander.IsCompleted.Should().BeFalse();
        bystander.Cancel();
        File.Delete(path);
    });

    private void WithConnection(Func<Connection, Connection, Coroutine> test) => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        await using var server = new Connection(serverSocket);
        await test(client, server);
    });
}
