using System.Net.Security;
using System.Text;
using EventLoop.Net;
using EventLoop.Net.Tls;
using EventLoop.Testing;

namespace EventLoop.Tests.Net;

/// <summary>A read of TLS that its reader has given up stays under way, with the memory that it was given.</summary>
[RealTime("the end of a read of TLS may come by way of the thread pool")]
public sealed class TlsReadTests : LoopTest
{
    private static readonly byte[] Sent = Encoding.ASCII.GetBytes(new string('s', 3000));

    [Fact]
    public void What_a_read_receives_that_was_given_up_is_the_next_ones_although_Input_was_completed_meanwhile() => RunLoop(() => Run(async (connection, ssl) =>
    {
        connection.Input.Complete();
        var reading = Loop.CreateTask(connection.ReadExactlyAsync(Sent.Length), eager: true);
        ssl.Receive(Sent);
        (await reading).Should().Equal(Sent);
    }));

    [Fact]
    public void Whatever_memory_is_given_next_gets_what_it_has_received() => RunLoop(() => Run(async (connection, ssl) =>
    {
        ssl.Receive(Sent);
        while (!connection.Transport.MayReceive)
        {
            await Loop.Yield();
        }

        byte[] first = new byte[1000], second = new byte[5000];
        connection.Transport.TryReceive(first).Should().Be(1000);
        connection.Transport.TryReceive(second).Should().Be(2000);
        first.Concat(second[..2000]).Should().Equal(Sent);
    }));

    // With a read under way that waits for bytes, and that nobody waits for any more.
    private static async Coroutine Run(Func<Connection, ScriptedSsl, Coroutine> body)
    {
        await using var pair = new MemoryConnectionPair();
        await using var below = new MemoryConnectionPair();
        var ssl = new ScriptedSsl();
        var transport = new TlsTransport(ssl, below.Left, allowTruncation: false);
        transport.BeReady();
        var connection = pair.Left;
        var socket = connection.In.Owner.Transport;
        connection.In.Owner.Transport = transport;
        var reading = Loop.CreateTask(connection.ReadExactlyAsync(1), eager: true);
        transport.HoldsBuffer.Should().BeTrue();
        reading.Cancel();
        (await Catch(reading)).Should().BeOfType<LoopCanceledException>();
        await body(connection, ssl);
        connection.In.Owner.Transport = socket;
    }

    private sealed class ScriptedSsl() : SslStream(new MemoryStream())
    {
        private readonly TaskCompletionSource<int> reading = new();
        private Memory<byte> given;

        internal void Receive(byte[] bytes)
        {
            bytes.CopyTo(given);
            reading.SetResult(bytes.Length);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            given = buffer;
            return buffer.IsEmpty ? new ValueTask<int>(0) : new ValueTask<int>(reading.Task);
        }
    }
}
