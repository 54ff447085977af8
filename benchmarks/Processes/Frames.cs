using System.Diagnostics;
using System.Net.Sockets;
using EventLoop;
using EventLoop.Net;

namespace Processes;

/// <summary>Small frames to another process and back, as bare as they can be: a read and a write for each, on either side. The other process is the same for
/// all rounds and is warm, as the workers are that it is held against.</summary>
internal sealed class Frames : IAsyncDisposable
{
    private const int Size = 16;

    private readonly byte[] frame = new byte[Size];
    private readonly LoopFuture over = Loop.Current.CreateFuture();
    private readonly LoopFuture<Connection> arrived = Loop.Current.CreateFuture<Connection>();
    private readonly Server server;
    private Subprocess? other;
    private Connection? connection;

    private Frames(string path) => server = Unix.Listen(path, async Coroutine (connection) =>
    {
        arrived.SetResult(connection);
        await over;
    });

    public static async Coroutine<Frames> StartAsync()
    {
        const int warmUps = 2, frames = 10_000;
        string path = Path.Combine(Path.GetTempPath(), $"frames-{Environment.ProcessId}.sock");
        var started = new Frames(path);
        started.other = await Subprocess.StartAsync(Self.Command("frames", path));
        started.connection = await started.arrived;
        for (int i = 0; i < warmUps; i++)
        {
            await started.Time(frames, 8);
            await Loop.Sleep(TimeSpan.FromSeconds(1));      // in which the other process compiles for good what it has run often
        }

        return started;
    }

    /// <summary>How long so many take there and back, in milliseconds.</summary>
    public async Coroutine<double> Time(int count, int inFlight)
    {
        var time = Stopwatch.StartNew();
        for (int sent = 0, received = 0; received < count;)
        {
            if (sent < count && sent - received < inFlight)
            {
                await connection!.WriteAsync(frame);
                sent++;
            }
            else
            {
                await connection!.ReadExactlyAsync(frame);
                received++;
            }
        }

        return time.Elapsed.TotalMilliseconds;
    }

    public async ValueTask DisposeAsync()
    {
        over.TrySetResult();
        await server.DisposeAsync();
        if (other is not null)
        {
            await other.DisposeAsync();
        }
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
