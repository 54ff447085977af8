using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EventLoop.Native;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Tests.Net;

namespace EventLoop.Tests.Polling;

public sealed class SignalOnEpollTests() : SignalTests(PollerKind.Epoll);

public sealed class SignalOnPortableTests() : SignalTests(PollerKind.Portable);

/// <summary>Signals hail down on the loop's thread, and interrupt what it is doing in the kernel.</summary>
public abstract class SignalTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void Waits_and_transfers_that_signals_interrupt_go_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals as on Linux");
        RunIo(async () =>
        {
            using var hail = new Hail();
            LongWait().Should().BeTrue("otherwise this test tests nothing");
            byte[] sent = Pattern(4_000_000);
            string path = Path.GetTempFileName();
            File.WriteAllBytes(path, sent);
            using var file = File.OpenHandle(path);
            await using var datagrams = Udp.Bind(AnyPort);
            int sleeps = 0;
            var sleeping = Loop.CreateTask(async () =>
            {
                while (true)
                {
                    long start = Stopwatch.GetTimestamp();
                    await Loop.Sleep(5);
                    Stopwatch.GetElapsedTime(start).Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(5), "a signal ends no sleep");
                    sleeps++;
                }
            });

            for (int round = 0; round < 10; round++)
            {
                var (client, server) = await ConnectPair();
                var sending = Loop.CreateTask(async () =>
                {
                    await client.SendAsync(sent);
                    await client.SendAsync(LoopSocketTests.Pieces(sent, 10_000));
                    await client.SendFileAsync(file, 0, sent.Length);
                    client.ShutdownSend();
                });
                byte[] received = await ReceiveAll(server, 64 * 1024);
                await sending;
                received.Length.Should().Be(3 * sent.Length);
                for (int part = 0; part < 3; part++)
                {
                    received.AsSpan(part * sent.Length, sent.Length).SequenceEqual(sent).Should().BeTrue();
                }

                await datagrams.SendToAsync(sent.AsMemory(0, 100), datagrams.LocalEndPoint!);
                (await datagrams.ReceiveFromAsync(new byte[200])).Length.Should().Be(100);
                client.Close();
                server.Close();
            }

            await Until(() => sleeps >= 10);
            sleeping.Cancel();
            await Catch(sleeping);
            LongWait().Should().BeTrue("it has hailed all the time");
            File.Delete(path);
        });
    }

    // Answers whether a signal ended it; ends by itself after ten seconds.
    private static unsafe bool LongWait()
    {
        int epoll = Libc.EpollCreate(0);
        byte* none = stackalloc byte[16];
        bool interrupted = Libc.EpollWait(epoll, none, 1, 10_000) < 0 && Libc.LastError == Errno.Interrupted;
        _ = Libc.Close(epoll);
        return interrupted;
    }

    /// <summary>Sends signals to the thread that made it until it is disposed.</summary>
    private sealed class Hail : IDisposable
    {
        private const int WindowChange = 28;

        // Without a handler the kernel would drop this signal unseen.
        private readonly PosixSignalRegistration handler = PosixSignalRegistration.Create((PosixSignal)WindowChange, static signal => signal.Cancel = true);
        private readonly Thread thread;
        private readonly int target = gettid();
        private volatile bool over;

        internal Hail()
        {
            thread = new Thread(() =>
            {
                while (!over)
                {
                    _ = tgkill(Environment.ProcessId, target, WindowChange);
                    Thread.Sleep(TimeSpan.FromMicroseconds(200));      // how dense the hail is; nobody waits for it
                }
            });
            thread.Start();
        }

        public void Dispose()
        {
            over = true;
            thread.Join();
            handler.Dispose();
        }

        [DllImport("libc")]
        private static extern int gettid();

        [DllImport("libc")]
        private static extern int tgkill(int process, int thread, int signal);
    }
}
