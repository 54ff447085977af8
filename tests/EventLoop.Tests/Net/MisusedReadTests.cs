using System.IO.Pipelines;
using System.Net;
using EventLoop.Net;

namespace EventLoop.Tests.Net;

public sealed class MisusedReadOnEpollTests() : MisusedReadTests(PollerKind.Epoll);

public sealed class MisusedReadOnPortableTests() : MisusedReadTests(PollerKind.Portable);

/// <summary>Reads, receives and their ValueTasks, looked at too early or awaited twice: whoever does it
/// is refused, and every other connection is as it was.</summary>
public abstract class MisusedReadTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void A_read_that_is_asked_too_early_goes_on_and_shares_nothing_with_another_connections() => RunIo(async () =>
    {
        await using var one = await Pair();
        await using var two = await Pair();
        var buffer = new byte[100];
        var early = one.Client.ReadAsync(buffer).GetAwaiter();
        early.IsCompleted.Should().BeFalse();
        ShouldRefuse(() => early.GetResult());
        var called = Loop.Current.CreateFuture<int>();
        early.OnCompleted(() => called.SetResult(early.GetResult()));
        ShouldRefuse(() => early.GetResult());

        var innocent = Loop.CreateTask(two.Client.ReadAsync(new byte[100]));
        await Yields(2);
        await two.Server.WriteAsync("for-two"u8.ToArray());
        (await innocent).Should().Be(7);
        await one.Server.WriteAsync("for-one!"u8.ToArray());
        (await called).Should().Be(8);
        buffer.AsSpan(0, 8).SequenceEqual("for-one!"u8).Should().BeTrue();
    });

    [Fact]
    public void A_write_to_a_stream_that_is_asked_too_early_is_refused_and_goes_on() => RunIo(async () =>
    {
        await using var pair = await Pair();
        byte[] sent = new byte[20_000_000];
        var writing = pair.Client.AsStream().WriteAsync(sent);
        writing.IsCompleted.Should().BeFalse();
        FluentActions.Invoking(() => writing.GetAwaiter().GetResult()).Should().Throw<InvalidOperationException>();

        var reading = Loop.CreateTask(pair.Server.ReadExactlyAsync(sent.Length));
        await writing;
        (await reading).Length.Should().Be(sent.Length);
        FluentActions.Invoking(() => writing.GetAwaiter().GetResult()).Should().Throw<InvalidOperationException>();
    });

    [Fact]
    public void So_does_a_receive_of_a_socket() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        using (client)
        using (server)
        {
            var early = client.ReceiveAsync(new byte[8]).GetAwaiter();
            ShouldRefuse(() => early.GetResult());
            early.IsCompleted.Should().BeFalse();
            var called = Loop.Current.CreateFuture<int>();
            early.OnCompleted(() => called.SetResult(early.GetResult()));
            ShouldRefuse(() => early.GetResult());
            FluentActions.Invoking(() => early.OnCompleted(() => Log.Add("second"))).Should().Throw<InvalidOperationException>();

            await server.SendAsync(new byte[3]);
            (await called).Should().Be(3);

            FluentActions.Invoking(() => early.GetResult()).Should().Throw<InvalidOperationException>();
            Log.Should().BeEmpty();
        }
    });

    [Fact]
    public void So_does_a_receive_of_datagrams() => RunIo(async () =>
    {
        using var receiver = Udp.Bind(AnyPort);
        using var sender = Udp.Bind(AnyPort);
        var early = receiver.ReceiveFromAsync(new byte[8]).GetAwaiter();
        ShouldRefuse(() => early.GetResult());
        early.IsCompleted.Should().BeFalse();
        var called = Loop.Current.CreateFuture<int>();
        early.OnCompleted(() => called.SetResult(early.GetResult().Length));
        ShouldRefuse(() => early.GetResult());

        await sender.SendToAsync(new byte[5], receiver.LocalEndPoint!);

        (await called).Should().Be(5);
    });

    [Fact]
    public void A_ValueTask_that_is_awaited_twice_belongs_to_whoever_awaited_it_first() => RunIo(async () =>
    {
        await using var pair = await Pair();
        var mutex = new AsyncLock();
        mutex.TryAcquire();
        ValueTask<ReadResult> read = pair.Client.Input.ReadAsync();
        var first = Loop.CreateTask(async Coroutine<long> () => (await read).Buffer.Length);
        var second = Loop.CreateTask(async Coroutine () =>
        {
            (await Catch(Await(read))).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("awaited once");
            using (await mutex.AcquireAsync())
            {
                Log.Add("inside");
            }
        });
        await Yields(4);
        await pair.Server.WriteAsync("hello"u8.ToArray());

        (await first).Should().Be(5);
        Log.Should().BeEmpty("the lock is held");
        mutex.Release();
        await second;

        static async Coroutine Await(ValueTask<ReadResult> read) => await read;
    });

    [Fact]
    public void The_outcome_of_a_ValueTask_that_is_asked_too_early_is_refused_and_given_once() => RunIo(async () =>
    {
        await using var pair = await Pair();
        var stream = pair.Client.AsStream();
        var buffer = new byte[8];
        ValueTask<int> read = stream.ReadAsync(buffer);
        ShouldRefuse(() => read.GetAwaiter().GetResult());
        var called = Loop.Current.CreateFuture();
        read.GetAwaiter().OnCompleted(called.SetResult);
        FluentActions.Invoking(() => read.GetAwaiter().GetResult()).Should().Throw<InvalidOperationException>();

        await pair.Server.WriteAsync(new byte[3]);
        await called;

        read.GetAwaiter().GetResult().Should().Be(3);
        FluentActions.Invoking(() => read.GetAwaiter().GetResult()).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => _ = read.IsCompleted).Should().Throw<InvalidOperationException>();
        ValueTask<int> next = stream.ReadAsync(buffer);
        await pair.Server.WriteAsync(new byte[2]);
        (await next).Should().Be(2);
    });

    private static async Coroutine<Connected> Pair()
    {
        var (client, server) = await ConnectPair();
        return new(new Connection(client), new Connection(server));
    }

    private static void ShouldRefuse(Action look) =>
        FluentActions.Invoking(look).Should().Throw<InvalidOperationException>().WithMessage("*has not completed*");

    private sealed record Connected(Connection Client, Connection Server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
        }
    }
}
