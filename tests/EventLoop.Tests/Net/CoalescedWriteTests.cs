using System.Net.Sockets;
using System.Text;
using EventLoop.Net;
using EventLoop.Polling;

namespace EventLoop.Tests.Net;

/// <summary>Writes that wait for the end of the turn.</summary>
public sealed class CoalescedWriteTests() : IoTest(PollerKind.Auto)
{
    [Fact]
    public void Small_writes_of_one_turn_go_out_in_one_call() => RunIo(async () =>
    {
        var (device, connection) = Open(coalesces: true);
        device.Sends.Enqueue(int.MaxValue);
        for (int i = 0; i < 10; i++)
        {
            await connection.WriteAsync(new byte[100]);
        }

        connection.Output.GetSpan(50);
        connection.Output.Advance(50);
        await connection.Output.FlushAsync();
        device.SentBytes.Should().Be(0, "the turn is not over");
        await Loop.Sleep(1);
        device.SentBytes.Should().Be(1050);
        device.Sends.Should().BeEmpty();
        connection.Abort();
    });

    [Fact]
    public void Writes_are_sent_at_once_where_nobody_asked_to_coalesce_them() => RunIo(async () =>
    {
        var (device, connection) = Open(coalesces: false);
        device.Sends.Enqueue(int.MaxValue);
        await connection.WriteAsync(new byte[100]);
        device.SentBytes.Should().Be(100);
        connection.Abort();
    });

    [Fact]
    public void A_large_write_and_a_drain_wait_for_no_turn() => RunIo(async () =>
    {
        var (device, connection) = Open(coalesces: true);
        device.Sends.Enqueue(int.MaxValue);
        device.Sends.Enqueue(int.MaxValue);
        await connection.WriteAsync(new byte[100]);
        await connection.WriteAsync(new byte[20_000]);
        device.SentBytes.Should().Be(20_100);
        device.Sends.Enqueue(int.MaxValue);
        await connection.WriteAsync(new byte[100]);
        await connection.DrainAsync();
        device.SentBytes.Should().Be(20_200);
        connection.Abort();
    });

    [Fact]
    public void A_failure_at_the_end_of_the_turn_is_told_by_the_next_write() => RunIo(async () =>
    {
        var (device, connection) = Open(coalesces: true);
        device.Sends.Enqueue(-(int)SocketError.ConnectionReset);
        await connection.WriteAsync(new byte[100]);
        await Loop.Sleep(1);
        (await Catch(Write())).Should().BeOfType<IOException>();
        connection.Abort();

        async Coroutine Write() => await connection.WriteAsync(new byte[100]);
    });

    [Fact]
    public void The_order_holds_over_deferred_large_partial_and_last_writes() => RunIo(async () =>
    {
        var (clientSocket, serverSocket) = await ConnectPair();
        await using var client = new Connection(clientSocket);
        var server = new Connection(serverSocket) { CoalescesWrites = true };
        var expected = new StringBuilder();
        var sending = Loop.CreateTask(async Coroutine () =>
        {
            for (int i = 0; i < 2_000; i++)
            {
                string text = new((char)('a' + (i % 26)), i % 100 == 99 ? 100_000 : 1 + (i % 300));
                expected.Append(text);
                await server.WriteAsync(text);
                if (i % 7 == 0)
                {
                    await Loop.Yield();
                }
            }

            await server.DisposeAsync();
        });
        string received = Encoding.ASCII.GetString(await client.ReadToEndAsync());
        await sending;
        received.Should().Be(expected.ToString());
    });

    private static (ScriptedDevice Device, Connection Connection) Open(bool coalesces)
    {
        var device = new ScriptedDevice();
        return (device, new Connection(device.Open()) { CoalescesWrites = coalesces });
    }
}
