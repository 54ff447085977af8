using System.Diagnostics;
using System.Net.Sockets;
using EventLoop;
using EventLoop.Net;

namespace Processes;

/// <summary>Small frames to another process and back, as bare as they can be: a read and a write for each, on either side.</summary>
internal static class Frames
{
    private const int Size = 16;

    public static async Coroutine<double> Time(int count, int inFlight)
    {
        string path = Path.Combine(Path.GetTempPath(), $"frames-{Environment.ProcessId}.sock");
        var taken = Loop.Current.CreateFuture<double>();
        await using var server = Unix.Listen(path, async Coroutine (connection) =>
        {
            var frame = new byte[Size];
            var time = Stopwatch.StartNew();
            for (int i = 0; i < count; i++)
            {
                if (i >= inFlight)
                {
                    await connection.ReadExactlyAsync(frame);
                }

                await connection.WriteAsync(frame);
            }

            taken.SetResult(time.Elapsed.TotalMilliseconds);
        });
        await using var other = await Subprocess.StartAsync(Self.Command("frames", path));
        return await taken;
    }

    public static void Echo(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        var frame = new byte[Size];
        while (true)
        {
            for (int filled = 0; filled < Size;)
            {
                int count = socket.Receive(frame.AsSpan(filled));
                if (count == 0)
                {
                    return;
                }

                filled += count;
            }

            socket.Send(frame);
        }
    }
}
