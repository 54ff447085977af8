using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

public sealed class UnixOnEpollTests() : UnixTests(PollerKind.Epoll)
{
    // Not so on the portable one: .NET's socket removes whatever stands at its path.
    [Fact]
    public void A_server_that_stops_leaves_the_socket_of_its_successor() => RunIo(async () =>
    {
        string path = NewPath();
        var old = Unix.Listen(path, Echo);
        File.Delete(path);
        await using var successor = Unix.Listen(path, Echo);
        await old.StopAsync(Seconds(1));
        await Converse(path);
    });
}

public sealed class UnixOnPortableTests() : UnixTests(PollerKind.Portable);

public abstract class UnixTests(PollerKind poller) : IoTest(poller)
{
    protected static string NewPath() => Path.Combine(Path.GetTempPath(), $"loop-{Guid.NewGuid():N}.sock");

    protected static async Coroutine Echo(Connection connection)
    {
        while (await connection.ReadLineAsync(1_000_000) is { } line)
        {
            await connection.WriteAsync(line + "\n");
        }
    }

    protected static async Coroutine Converse(string path)
    {
        await using var client = await Unix.ConnectAsync(path);
        await client.WriteAsync("hello\n");
        (await client.ReadLineAsync()).Should().Be("hello");
        byte[] big = Pattern(500_000);
        big.AsSpan().Replace((byte)'\n', (byte)'x');
        big[^1] = (byte)'\n';
        var writing = Loop.CreateTask(client.WriteAsync(new string('y', 500_000) + "\n"));
        (await client.ReadLineAsync(1_000_000)).Should().HaveLength(500_000);
        await writing;
    }

    [Theory]
    [InlineData("")]
    [InlineData("notes")]
    public void A_file_that_is_no_socket_is_never_replaced(string content) => RunIo(async () =>
    {
        string path = NewPath();
        await File.WriteAllTextAsync(path, content);
        ((Action)(() => Unix.Listen(path, Echo))).Should().Throw<SocketException>();
        (await File.ReadAllTextAsync(path)).Should().Be(content);
        File.Delete(path);
    });

    [Fact]
    public void A_server_stops_although_its_folder_is_gone() => RunIo(async () =>
    {
        string folder = Directory.CreateTempSubdirectory("loop").FullName;
        var server = Unix.Listen(Path.Combine(folder, "s"), Echo);
        var waiting = Loop.CreateTask(server.WaitForStopAsync());
        Directory.Delete(folder, recursive: true);
        await server.StopAsync(Seconds(1));
        await waiting;
    });

    [Fact]
    public void A_path_is_served_and_removed_at_the_end() => RunIo(async () =>
    {
        string path = NewPath();
        await using (var server = Unix.Listen(path, Echo, null))
        {
            File.Exists(path).Should().BeTrue();
            await Converse(path);
            await server.StopAsync(Seconds(1));
        }

        File.Exists(path).Should().BeFalse();
        (await Catch(Unix.ConnectAsync(path))).Should().BeOfType<SocketException>().Which.Message.Should().Contain(path);
    });

    [Fact]
    public void An_abstract_name_needs_no_file() => RunIo(async () =>
    {
        string name = $"\0loop-{Guid.NewGuid():N}";
        await using var server = Unix.Listen(name, Echo, null);
        await Converse(name);
    });

    [Fact]
    public void A_path_in_use_is_refused() => RunIo(async () =>
    {
        string path = NewPath();
        await using var server = Unix.Listen(path, Echo, null);
        Action again = () => Unix.Listen(path, Echo, null);
        again.Should().Throw<SocketException>().WithMessage($"*{path}*").Which.SocketErrorCode.Should().Be(SocketError.AddressAlreadyInUse);
        await Converse(path);
    });

    [Fact]
    public void A_stale_path_is_replaced_and_another_file_is_not() => RunIo(async () =>
    {
        string path = NewPath();
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            dead.Listen();
            File.Move(path, path + ".kept");        // .NET removes the path of a socket that it closes
        }

        File.Move(path + ".kept", path);
        await using (var server = Unix.Listen(path, Echo, null))
        {
            await Converse(path);
        }

        File.WriteAllText(path, "precious");
        Action onto = () => Unix.Listen(path, Echo, null);
        onto.Should().Throw<SocketException>();
        File.ReadAllText(path).Should().Be("precious");
        File.Delete(path);
    });

    [Fact]
    public void A_server_that_has_no_loop_removes_no_file()
    {
        string path = NewPath();
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".kept");        // .NET removes the path of a socket that it closes
        }

        File.Move(path + ".kept", path);
        Action outside = () => Unix.Listen(path, Echo, null);
        outside.Should().Throw<InvalidOperationException>();
        File.Exists(path).Should().BeTrue();
        File.Delete(path);
    }

    [Fact]
    public void A_path_that_is_too_long_is_told_so() => RunIo(async () =>
    {
        string path = "/tmp/" + new string('x', 200);
        Action listen = () => Unix.Listen(path, Echo, null);
        listen.Should().Throw<ArgumentException>().WithMessage("*too long*");
        (await Catch(Unix.ConnectAsync(path))).Should().BeOfType<ArgumentException>();
    });

    [Fact]
    public void A_folder_that_does_not_exist_is_told_so() => RunIo(async () =>
    {
        Action listen = () => Unix.Listen("/no-such-folder/x.sock", Echo, null);
        listen.Should().Throw<SocketException>().WithMessage("*/no-such-folder/x.sock*no such folder*");
    });

    [Fact]
    public void A_full_backlog_delays_a_connect_and_fails_it_not() => RunIo(async () =>
    {
        string path = NewPath();
        await using var server = Unix.Listen(path, Echo, new ListenOptions { Backlog = 1, MaxConnections = 1 });
        var first = await Unix.ConnectAsync(path);
        int connected = 0;
        var others = Enumerable.Range(0, 6).Select(_ => Loop.CreateTask(async () =>
        {
            await using var other = await Unix.ConnectAsync(path);
            connected++;
        })).ToArray();
        await Loop.Sleep(5);
        connected.Should().BeLessThan(6, "the backlog is full");
        await first.DisposeAsync();
        await Loop.Gather(others);
    });
}
