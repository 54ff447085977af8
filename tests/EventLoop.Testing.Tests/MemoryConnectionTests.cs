using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Testing.Tests;

public class MemoryConnectionTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static Coroutine CheckAsync(Func<MemoryConnectionPair> make) => StreamConformance.CheckTwoWay(async Coroutine<(Connection, Connection)> () =>
    {
        await Loop.Yield();
        var pair = make();
        return (pair.Left, pair.Right);
    });

    [LoopFact(Seeds = 50)]
    public Coroutine A_pair_conforms() => CheckAsync(() => new MemoryConnectionPair());

    [LoopFact(Seeds = 10)]
    public Coroutine A_pair_with_little_room_and_odd_chunks_conforms() =>
        CheckAsync(() => new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 1000, ChunkSizes = [100, 7, 1000] }));

    [LoopFact(Seeds = 10)]
    public Coroutine A_pair_with_a_delay_conforms() => CheckAsync(() => new MemoryConnectionPair(new MemoryStreamOptions { Delay = TimeSpan.FromSeconds(2) }));

    [LoopFact(Seeds = 10)]
    public Coroutine A_lockstep_pair_conforms() => CheckAsync(() => LockstepConnection.Pair());

    [LoopFact(Clock = TestClock.Real)]
    public async Coroutine Connections_over_real_sockets_conform()
    {
        await StreamConformance.CheckTwoWay(async Coroutine<(Connection, Connection)> () =>
        {
            using var listener = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            var client = await Tcp.ConnectAsync(listener.LocalEndPoint!);
            return (client, new Connection(await listener.AcceptAsync()));
        });
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine Lines_come_through_whatever_the_chunks()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { ChunkSizes = [1, 2, 5] });
        var server = Loop.CreateTask(UpperCaseServer(pair.Right));
        for (int i = 0; i < 5; i++)
        {
            await pair.Left.WriteAsync($"grüße {i}\r\n");
            (await pair.Left.ReadLineAsync()).Should().Be($"grüße {i}".ToUpperInvariant());
        }

        await pair.Left.ShutdownWriteAsync();
        (await pair.Left.ReadLineAsync()).Should().BeNull();
        await server;
    }

    [LoopFact]
    public async Coroutine Reads_are_cut_as_the_script_says()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { ChunkSizes = [1, 3] });
        await pair.Left.WriteAsync("hello world");
        await pair.Left.ShutdownWriteAsync();
        var sizes = new List<int>();
        byte[] buffer = new byte[100];
        do
        {
            sizes.Add(await pair.Right.ReadAsync(buffer));
        }
        while (sizes[^1] > 0);
        sizes.Should().Equal(1, 3, 1, 3, 1, 2, 0);
    }

    [LoopFact]
    public async Coroutine Its_pipes_are_those_of_every_connection()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { ChunkSizes = [4] });
        pair.Left.Output.Write("abcdef"u8);
        await pair.Left.Output.FlushAsync();
        var first = await pair.Right.Input.ReadAsync();
        Encoding.ASCII.GetString(first.Buffer).Should().Be("abcd");
        pair.Right.Input.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        var second = await pair.Right.Input.ReadAsync();
        Encoding.ASCII.GetString(second.Buffer).Should().Be("abcdef");
        pair.Right.Input.AdvanceTo(second.Buffer.End);
        await pair.Left.Output.CompleteAsync();
        (await pair.Right.Input.ReadAsync()).IsCompleted.Should().BeTrue();
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine Bytes_and_the_end_take_their_time_on_the_loops_clock()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Delay = Minute });
        await pair.Left.WriteAsync("one\n");
        await Loop.Sleep(Minute / 3);
        await pair.Left.WriteAsync("two\n");
        await pair.Left.ShutdownWriteAsync();
        (await pair.Right.ReadLineAsync()).Should().Be("one");
        TestLoop.Clock.Elapsed.Should().Be(Minute);
        (await pair.Right.ReadLineAsync()).Should().Be("two");
        TestLoop.Clock.Elapsed.Should().Be(Minute * 4 / 3);
        (await pair.Right.ReadLineAsync()).Should().BeNull();
        await pair.Right.WriteAsync("back\n");
        (await pair.Left.ReadLineAsync()).Should().Be("back", "a half-close leaves the other direction");
        TestLoop.Clock.Elapsed.Should().Be(Minute * 7 / 3);
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine A_timeout_is_met_to_the_tick_and_loses_no_byte()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Delay = Minute });
        await pair.Left.WriteAsync("late\n");
        var waiting = async Task () => await Loop.WaitFor(pair.Right.ReadLineAsync(), Minute / 2);
        await waiting.Should().ThrowAsync<TimeoutException>();
        TestLoop.Clock.Elapsed.Should().Be(Minute / 2);
        (await pair.Right.ReadLineAsync()).Should().Be("late");
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine A_reset_wakes_who_waits_on_either_end_and_fails_whatever_comes_later()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 10, Delay = Minute });
        var reading = Loop.CreateTask(pair.Left.ReadLineAsync());
        var writing = Loop.CreateTask(pair.Left.WriteAsync(new byte[200_000]));
        await Loop.WaitUntilIdle();
        pair.Reset();
        await MustBeReset(reading);
        await MustBeReset(writing);
        await MustBeReset(Loop.CreateTask(pair.Right.ReadLineAsync()));
        await MustBeReset(Loop.CreateTask(pair.Right.WriteAsync("x")));
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine An_abort_reaches_the_other_side_as_a_reset_after_the_delay()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Delay = Minute });
        await pair.Left.WriteAsync("never read");
        pair.Left.Abort();
        await MustBeReset(Loop.CreateTask(pair.Right.ReadToEndAsync()));
        TestLoop.Clock.Elapsed.Should().Be(Minute);
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine Who_writes_to_a_closed_side_learns_of_it_after_the_delay()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Delay = Minute });
        await pair.Right.WriteAsync("last words");
        await pair.Right.DisposeAsync();
        await pair.Left.WriteAsync("into the void");
        await Loop.Sleep(Minute);
        var writing = async Task () => await pair.Left.WriteAsync("x");
        (await writing.Should().ThrowAsync<IOException>()).WithMessage("*memory:right*").WithInnerException<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.Shutdown);
        Encoding.ASCII.GetString(await pair.Left.ReadToEndAsync()).Should().Be("last words");
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine Writers_wait_while_there_is_no_room()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 10 });
        await pair.Left.WriteAsync(new byte[25]);
        var draining = Loop.CreateTask(pair.Left.DrainAsync());
        await Loop.WaitUntilIdle();
        draining.IsCompleted.Should().BeFalse("15 bytes are unsent");
        await pair.Right.ReadExactlyAsync(15);
        await draining;
        await pair.Right.ReadExactlyAsync(10);
    }

    [LoopFact(Seeds = 50)]
    public async Coroutine In_lockstep_nothing_leaves_before_it_is_waited_for()
    {
        await using var pair = LockstepConnection.Pair(2);
        await pair.Left.WriteAsync("abc");
        var draining = Loop.CreateTask(pair.Left.DrainAsync());
        await Loop.WaitUntilIdle();
        draining.IsCompleted.Should().BeFalse();
        byte[] buffer = new byte[10];
        (await pair.Right.ReadAsync(buffer)).Should().Be(2);
        await Loop.WaitUntilIdle();
        draining.IsCompleted.Should().BeFalse("one byte was not asked for");
        (await pair.Right.ReadAsync(buffer)).Should().Be(1);
        await draining;
        buffer[0].Should().Be((byte)'c');
    }

    [Fact]
    public void Two_that_wait_for_each_others_bytes_are_reported_as_a_deadlock()
    {
        var run = () => TestLoop.Run(async () =>
        {
            await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Delay = Minute });
            var serving = Loop.CreateTask(UpperCaseServer(pair.Right), "server");
            await pair.Left.WriteAsync("no line's end");
            (await pair.Left.ReadLineAsync()).Should().NotBeNull();
            await serving;
        });
        run.Should().Throw<LoopDeadlockException>().Which.Message.Should().Contain("task 'test' waits on read from memory:right since")
            .And.Contain("task 'server' waits on read from memory:left since 60 s, in StreamReading.MoreAsync < StreamReading.ReadLineAsync < "
                + "MemoryConnectionTests.UpperCaseServer");
    }

    [Fact]
    public void Cancelling_it_at_every_wait_leaves_a_server_that_ends() => TestLoop.CancelAtEveryWait(Conversation);

    [Fact]
    public void Every_wait_for_bytes_can_be_made_to_fail()
    {
        int runs = 0;
        TestLoop.FailAtEveryWait(Conversation, () => new IOException("put in"), afterEach: _ => runs++);
        runs.Should().BeGreaterThan(3);
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace_and_seeds_shuffle_the_arrivals()
    {
        var traces = Enumerable.Range(0, 10).Select(static seed =>
            string.Join('\n', TestLoop.Trace(Conversation, new TestLoopOptions { Seed = seed }))).ToList();
        traces.Distinct().Count().Should().BeGreaterThan(1);
        string.Join('\n', TestLoop.Trace(Conversation, new TestLoopOptions { Seed = 3 })).Should().Be(traces[3]);
    }

    [LoopFact]
    public async Coroutine A_file_is_sent_with_and_without_room()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] content = RandomNumberGenerator.GetBytes(70_000);
            await File.WriteAllBytesAsync(path, content);
            using var file = File.OpenHandle(path);
            await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 1000 });
            var sending = Loop.CreateTask(pair.Left.SendFileAsync(file, 10, 100_000));
            byte[] received = await pair.Right.ReadExactlyAsync(content.Length - 10);
            (await sending).Should().Be(content.Length - 10);
            received.Should().Equal(content[10..]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [LoopFact]
    public async Coroutine Tls_runs_over_it()
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=memory", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { ChunkSizes = [100, 1, 5000] });
        var trusting = new SslClientAuthenticationOptions { TargetHost = "memory", RemoteCertificateValidationCallback = (_, _, _, _) => true };
        await Loop.Gather(pair.Left.StartTlsAsync(trusting), pair.Right.StartTlsAsync(certificate));
        await pair.Left.WriteAsync("secret\n");
        (await pair.Right.ReadLineAsync()).Should().Be("secret");
        pair.Left.Tls!.IsEncrypted.Should().BeTrue();
    }

    [LoopFact]
    public void A_clock_of_its_own_is_refused()
    {
        var make = () => new MemoryConnectionPair(new MemoryStreamOptions { TimeProvider = TimeProvider.System });
        make.Should().Throw<ArgumentException>();
    }

    private static async Coroutine UpperCaseServer(Connection connection)
    {
        while (await connection.ReadLineAsync() is { } line)
        {
            await connection.WriteAsync(line.ToUpperInvariant() + "\n");
        }

        await connection.DisposeAsync();
    }

    private static async Coroutine Conversation()
    {
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { ChunkSizes = [3], Delay = TimeSpan.FromSeconds(1) });
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(UpperCaseServer(pair.Right));
            await pair.Left.WriteAsync("hello\n");
            (await pair.Left.ReadLineAsync()).Should().Be("HELLO");
            await Loop.Sleep(TimeSpan.FromSeconds(1));
            await pair.Left.ShutdownWriteAsync();
            (await pair.Left.ReadLineAsync()).Should().BeNull();
        });
    }

    private static async Coroutine MustBeReset(LoopTask task)
    {
        var waiting = async Task () => await task;
        (await waiting.Should().ThrowAsync<IOException>()).WithInnerException<SocketException>().Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
    }
}
