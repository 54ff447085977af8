using EventLoop.Net;
using EventLoop.Net.Connections;

namespace EventLoop.Tests.Net;

public sealed class RawConnectionOnEpollTests() : RawConnectionTests(PollerKind.Epoll);

public sealed class RawConnectionOnPortableTests() : RawConnectionTests(PollerKind.Portable);

public abstract class RawConnectionTests(PollerKind poller) : IoTest(poller)
{
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

    private sealed class Raw(Connection connection) : RawConnection(connection)
    {
        private protected override Exception Explain(Exception failure) => failure;

        private protected override void OnGone()
        {
        }
    }
}
