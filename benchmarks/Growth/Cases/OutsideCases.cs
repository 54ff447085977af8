using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Testing;
using static EventLoop.Benchmarks.Growth.GrowthCase;

namespace EventLoop.Benchmarks.Growth;

/// <summary>Connections, descriptors, other threads.</summary>
internal static class OutsideCases
{
    internal static IEnumerable<GrowthCase> All =>
    [
        OnLoop("writers that wait for one connection", 5_000, static async n =>
        {
            await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 64 * 1024 });
            byte[] bytes = new byte[100];
            await pair.Left.WriteAsync(new byte[1]);
            LoopTask[] writers = [.. Enumerable.Range(0, n).Select(_ => Loop.CreateTask(pair.Left.WriteAsync(bytes)))];
            await Loop.Yield();
            await pair.Right.ReadExactlyAsync(1);
            for (int i = 0; i < n; i++)
            {
                await pair.Right.ReadExactlyAsync(bytes.Length);
            }

            await Loop.Wait(writers);
        }),
        OnLoop("writers that wait for one connection cancelled in any order", 2_000, static async n =>
        {
            await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Capacity = 1000 });
            LoopTask first = Loop.CreateTask(pair.Left.WriteAsync(new byte[1024 * 1024]));
            await Loop.Yield();
            byte[] bytes = new byte[100];
            await CancelAll(n, _ => pair.Left.WriteAsync(bytes));
            pair.Left.Abort();
            await Ended(first);
        }),
        OnLoop("many connections, made, used and closed", 500, static async n =>
        {
            MemoryConnectionPair[] pairs = [.. Enumerable.Range(0, n).Select(static _ => new MemoryConnectionPair())];
            foreach (MemoryConnectionPair pair in pairs)
            {
                await pair.Left.WriteAsync("x");
                await pair.Right.ReadExactlyAsync(1);
            }

            foreach (int i in AnyOrder(n))
            {
                await pairs[i].DisposeAsync();
            }
        }),
        new("descriptors watched and left in any order", 100, static n => Loop.Run(async () =>
        {
            Socket[] sockets = [.. Enumerable.Range(0, n).Select(static _ => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))];
            foreach (Socket socket in sockets)
            {
                Loop.Current.AddReader(socket.SafeHandle, static () => { });
            }

            await Loop.Yield();
            foreach (int i in AnyOrder(n))
            {
                Loop.Current.RemoveReader(sockets[i].SafeHandle);
                sockets[i].Dispose();
            }
        })),
        new("one descriptor watched and left many times", 2_000, static n => Loop.Run(async () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            for (int i = 0; i < n; i++)
            {
                Loop.Current.AddReader(socket.SafeHandle, static () => { });
                Loop.Current.RemoveReader(socket.SafeHandle);
            }
        })),
        new("submissions from another thread", 2_000, static n => Loop.Run(async () =>
        {
            Loop loop = Loop.Current;
            await Loop.ToThread(() =>
            {
                Task[] all = [.. Enumerable.Range(0, n).Select(_ => loop.Submit(async Coroutine () => await Loop.Yield()))];
                Task.WaitAll(all);
            });
        })),
        new("posts from another thread", 4_000, static n => Loop.Run(async () =>
        {
            Loop loop = Loop.Current;
            LoopFuture done = loop.CreateFuture();
            await Loop.ToThread(() =>
            {
                for (int i = 0; i < n; i++)
                {
                    loop.Post(static () => { });
                }

                loop.Post(done.SetResult);
            });
            await done;
        })),
    ];
}
