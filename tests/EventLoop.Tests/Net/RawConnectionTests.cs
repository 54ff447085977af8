using System.IO.Pipelines;
using EventLoop.Net;
using EventLoop.Net.Connections;

namespace EventLoop.Tests.Net;

public sealed class RawConnectionOnEpollTests() : RawConnectionTests(PollerKind.Epoll);

public sealed class RawConnectionOnPortableTests() : RawConnectionTests(PollerKind.Portable);

public abstract class RawConnectionTests(PollerKind poller) : IoTest(poller)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_cancelled_read_returns_what_has_arrived_and_was_not_reported_yet() => RunLoop(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        await using var server = new Connection(serverSocket);
        var raw = new Raw(server);
        var reading = raw.Input.ReadAsync();
        reading.IsCompleted.Should().BeFalse();
        await Yields(3);

        clientSocket.TrySend("hello"u8).Should().Be(5);      // in the step of the cancellation: no poll comes between
        raw.Input.CancelPendingRead();

        var result = await reading;
        result.IsCanceled.Should().BeTrue();
        result.Buffer.Length.Should().Be(5);
        raw.Input.AdvanceTo(result.Buffer.End);
    });

    [Fact]
    public void A_cancelled_read_returns_nothing_where_nothing_has_arrived() => RunLoop(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        await using var server = new Connection(serverSocket);
        var raw = new Raw(server);
        var reading = raw.Input.ReadAsync();
        await Yields(3);

        raw.Input.CancelPendingRead();

        var result = await reading;
        result.IsCanceled.Should().BeTrue();
        result.IsCompleted.Should().BeFalse();
        result.Buffer.IsEmpty.Should().BeTrue();
        raw.Input.AdvanceTo(result.Buffer.End);
    });

    [Fact]
    public void A_cancellation_that_comes_between_the_end_of_a_read_and_its_result_is_not_lost() => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        await using var server = new Connection(serverSocket);
        var input = new Raw(server).Input;
        await client.WriteAsync("hello");
        var result = await input.ReadAsync();
        input.AdvanceTo(result.Buffer.Start);
        ValueTask<ReadResult> reading;
        while ((reading = input.ReadAsync()).IsCompleted)       // one that has its result and only yields is not
        {
            input.AdvanceTo(reading.Result.Buffer.Start);
        }

        input.CancelPendingRead();

        result = await reading;
        result.IsCanceled.Should().BeTrue();
        result.Buffer.Length.Should().Be(5);
        input.AdvanceTo(result.Buffer.Start);
        result = await input.ReadAsync();
        result.IsCanceled.Should().BeFalse("one read is cancelled");
        result.Buffer.Length.Should().Be(5);
        input.AdvanceTo(result.Buffer.End);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_read_that_is_cancelled_by_its_token_gives_nobody_up_and_a_peer_that_goes_later_is_noticed(bool hasFired) => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        var client = new Connection(clientSocket);
        await using var server = new Connection(serverSocket);
        var raw = new Raw(server);
        using var source = new CancellationTokenSource();
        if (hasFired)
        {
            source.Cancel();
        }

        var reading = raw.Input.ReadAsync(source.Token);
        raw.StartWatch();
        source.Cancel();
        (await Catch(End(reading))).Should().BeAssignableTo<OperationCanceledException>().Which.CancellationToken.Should().Be(source.Token);
        raw.IsGone.Should().BeFalse();

        await client.DisposeAsync();
        await Until(() => raw.IsGone);

        static async Coroutine End(ValueTask<ReadResult> read) => await read;
    });

    [Fact]
    public void A_flush_on_the_loop_that_waits_for_a_peer_that_does_not_read_is_cancelled() => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        var server = new Connection(serverSocket);
        var output = new Raw(server).Output;
        var flush = WriteUntilOneWaits(output, isOnLoop: true);

        output.CancelPendingFlush();

        (await flush.WaitAsync(Patience)).IsCanceled.Should().BeTrue();
        server.CloseNow(abort: true);
    });

    [Fact]
    public void A_flush_on_another_thread_that_waits_for_a_peer_that_does_not_read_is_cancelled() => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        var server = new Connection(serverSocket);
        var output = new Raw(server).Output;
        var ended = Task.Run(async () =>
        {
            while (true)
            {
                // One that the loop had not come to yet may have ended by itself meanwhile.
                var flush = WriteUntilOneWaits(output, isOnLoop: false);
                output.CancelPendingFlush();
                if (await flush is { IsCanceled: true } canceled)
                {
                    return canceled;
                }
            }
        });

        (await ended.WaitAsync(Patience)).IsCanceled.Should().BeTrue();
        server.CloseNow(abort: true);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_token_ends_a_flush_that_waits_for_a_peer_that_does_not_read(bool isOnLoop) => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        var server = new Connection(serverSocket);
        var output = new Raw(server).Output;
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var cancellation = source.Token;
        var ended = isOnLoop ? WriteUntilOneWaits(output, true, cancellation) : Task.Run(() => WriteUntilOneWaits(output, false, cancellation));

        Exception? thrown = null;
        try
        {
            await ended.WaitAsync(Patience);
        }
        catch (OperationCanceledException failure)
        {
            thrown = failure;
        }

        thrown.Should().BeAssignableTo<OperationCanceledException>().Which.CancellationToken.Should().Be(cancellation);
        server.CloseNow(abort: true);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_no_flush_waits_the_next_one_is_cancelled_and_loses_nothing(bool isOnLoop) => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        await using var server = new Connection(serverSocket);
        var output = new Raw(server).Output;
        output.CancelPendingFlush();
        bool[] cancelled = isOnLoop ? await WriteTwice() : await Task.Run(async () => await WriteTwice());

        cancelled.Should().Equal(true, false);
        (await client.ReadExactlyAsync(4)).Should().Equal("abab"u8.ToArray());

        async ValueTask<bool[]> WriteTwice()
        {
            bool first = (await output.WriteAsync("ab"u8.ToArray())).IsCanceled;
            return [first, (await output.WriteAsync("ab"u8.ToArray())).IsCanceled];
        }
    });

    // Writes until the system takes no more; returns the flush that waits.
    private static Task<FlushResult> WriteUntilOneWaits(PipeWriter output, bool isOnLoop, CancellationToken cancellation = default)
    {
        byte[] block = new byte[256 * 1024];
        for (int i = 0; i < 1000; i++)
        {
            var flush = output.WriteAsync(block, cancellation).AsTask();
            if (!flush.IsCompleted && (isOnLoop || Task.WaitAny([flush], 1000) < 0 || !flush.IsCompletedSuccessfully))
            {
                return flush;
            }
        }

        throw new InvalidOperationException("The system takes everything.");
    }

    private sealed class Raw(Connection connection) : RawConnection(connection)
    {
        private protected override Exception Explain(Exception failure) => failure;

        private protected override void OnGone()
        {
        }
    }
}
