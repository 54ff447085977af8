using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

/// <summary>Tests of I/O run one class after another, because each compares the descriptors of the process before and after.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class IoTests
{
    public const string Name = "I/O";
}

/// <summary>What every I/O test starts from: a poller, the loopback interface, and the count of open sockets, which has to be the same at the end.</summary>
[Collection(IoTests.Name)]
[RealTime("its sockets are the system's")]
public abstract class IoTest(PollerKind poller) : LoopTest
{
    protected static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    protected PollerKind Poller => poller;

    protected LoopOptions IoOptions => Options with { Poller = poller };

    /// <summary>Runs it; afterwards there are as many sockets as before. (What is played opens none, and need not run apart.)</summary>
    protected void RunIo(Func<Coroutine> main)
    {
        if (IsVirtual)
        {
            RunLoop(main, IoOptions);
            return;
        }

        int before = OpenSockets();
        RunLoop(main, IoOptions);

        // What is left open stays open. A tool that asks this process something meanwhile, by .NET's diagnostic port, comes and goes.
        SpinWait.SpinUntil(() => OpenSockets() <= before, TimeSpan.FromSeconds(20)).Should().BeTrue("what a test opens it closes");
    }

    /// <summary>A connected pair over loopback TCP.</summary>
    protected static async Coroutine<(LoopSocket Client, LoopSocket Server)> ConnectPair()
    {
        using var listener = Listening();
        var client = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var accepting = Loop.CreateTask(listener.AcceptAsync());
        await client.ConnectAsync(listener.LocalEndPoint!);
        return (client, await accepting);
    }

    /// <summary>A connection of .NET's own sockets. What blocks a thread has a limit: no watchdog ends it.</summary>
    protected static Socket Accept(Socket listener)
    {
        listener.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead).Should().BeTrue("somebody connects");
        var accepted = listener.Accept();
        accepted.ReceiveTimeout = 10_000;
        return accepted;
    }

    /// <summary>Writes until the system accepts no more, and not only for this turn; returns how much.</summary>
    protected static async Coroutine<long> Fill(Connection connection)
    {
        long written = 0;
        while (connection.Out.IsEmpty)
        {
            written += await connection.WriteAsync(new byte[60_000]);
            await Loop.Yield();
        }

        return written;
    }

    protected static LoopSocket Listening()
    {
        var listener = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen();
        return listener;
    }

    protected static byte[] Pattern(int length, int seed = 0)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected static async Coroutine<byte[]> ReceiveAll(LoopSocket socket, int bufferSize = 4096)
    {
        var all = new MemoryStream();
        var buffer = new byte[bufferSize];
        while (await socket.ReceiveAsync(buffer) is > 0 and int count)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    /// <summary>Lets I/O happen until it is so; the watchdog ends a wait in vain.</summary>
    protected static async Coroutine Until(Func<bool> condition)
    {
        while (!condition())
        {
            await Loop.Sleep(TimeSpan.FromMicroseconds(200));
        }
    }

    internal static int OpenSockets()
    {
        int count = 0;
        foreach (string link in Directory.EnumerateFiles("/proc/self/fd"))
        {
            try
            {
                count += new FileInfo(link).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true ? 1 : 0;
            }
            catch (IOException)
            {
                // It was closed while we looked.
            }
        }

        return count;
    }
}
