using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EventLoop.AspNetCore.Tests;

/// <summary>What a request costs when the connection and the code are warm. Alone: what is counted is of the whole process.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;

/// <inheritdoc cref="Alone"/>
[Collection(typeof(Alone))]
public sealed class WarmRequestTests
{
    private const int Requests = 1000;
    private const int Attempts = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private sealed record Item(int Id, string Name);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_warm_request_leaves_nothing_to_the_thread_pool(bool isSecure)
    {
        await using var site = await Site.StartAsync(Map, kestrel: isSecure ? Secure : null, quiet: true);
        foreach (string path in (string[])["/plain", "/json", "/yield", "/sleep", "/body"])
        {
            (await ItemsForEachRequestAsync(site, path, isSecure)).Should().BeLessThan(0.01, path);
        }

        await using var sockets = await Site.StartAsync(Map, onLoop: false, quiet: true);
        (await ItemsForEachRequestAsync(sockets, "/plain", false)).Should().BeGreaterThan(0.5, "it is counted");
    }

    [Fact]
    public async Task A_file_that_is_in_memory_is_sent_without_the_thread_pool()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, $"files-{Guid.NewGuid():N}"), path = Path.Combine(folder, "page");
        Directory.CreateDirectory(folder);
        try
        {
            await File.WriteAllTextAsync(path, new string(' ', 10_000) + "Hello");
            Assert.SkipUnless(await ItemsForEachReadAsync(path) < 0.5, "this file system does not know RWF_NOWAIT");

            void Files(WebApplication app)
            {
                app.UseStaticFiles(new StaticFileOptions { FileProvider = new Microsoft.Extensions.FileProviders.PhysicalFileProvider(folder), ServeUnknownFileTypes = true });
                app.MapGet("/result", () => TypedResults.PhysicalFile(path));
            }

            await using var site = await Site.StartAsync(Files, quiet: true);
            foreach (string address in (string[])["/page", "/result"])
            {
                (await ItemsForEachRequestAsync(site, address, isSecure: false)).Should().BeLessThan(0.01, address);
            }

            await using var sockets = await Site.StartAsync(Files, onLoop: false, quiet: true);
            (await ItemsForEachRequestAsync(sockets, "/page", false)).Should().BeGreaterThan(1, "it is counted");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_warm_request_allocates_little_more_than_with_Kestrels_own_sockets()
    {
        Assert.SkipWhen(
            typeof(Loop).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true },
            "The promise is for optimized code: run the tests with -c Release.");
        await using var site = await Site.StartAsync(Map, quiet: true);
        await using var sockets = await Site.StartAsync(Map, onLoop: false, quiet: true);
        foreach (var (path, most) in ((string, int)[])[("/plain", 128), ("/yield", 350)])
        {
            double others = await BytesForEachRequestAsync(sockets, path, atMost: 0);
            (await BytesForEachRequestAsync(site, path, others + most)).Should().BeLessThan(others + most, path);
        }
    }

    private static Task<double> BytesForEachRequestAsync(Site site, string path, double atMost) => Task.Factory.StartNew(
        () => BytesForEachRequest(site, path, atMost), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Patience);

    // Of the whole process, the client included, which allocates nothing; what else happens only adds.
    private static double BytesForEachRequest(Site site, string path, double atMost)
    {
        using var client = new Client(site.EndPoint, path, isSecure: false);
        client.Ask(200);
        double least = double.MaxValue;
        for (int attempt = 0; attempt < Attempts && least >= atMost; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            client.Ask(Requests);
            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Requests);
        }

        return least;
    }

    private static Task<double> ItemsForEachRequestAsync(Site site, string path, bool isSecure) => Task.Factory.StartNew(
        () => ItemsForEachRequest(site, path, isSecure), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Patience);

    // With a client that does not use the pool. What else the process does with the pool, timers above all, only adds: one attempt without it will do.
    private static double ItemsForEachRequest(Site site, string path, bool isSecure)
    {
        using var client = new Client(site.EndPoint, path, isSecure);
        client.Ask(50);
        double least = double.MaxValue;
        for (int attempt = 0; attempt < Attempts && least >= 0.01; attempt++)
        {
            long before = ThreadPool.CompletedWorkItemCount;
            client.Ask(Requests);
            least = Math.Min(least, (ThreadPool.CompletedWorkItemCount - before) / (double)Requests);
        }

        return least;
    }

    private static Task<double> ItemsForEachReadAsync(string path) => Task.Factory.StartNew(
        () => Loop.Run(async Coroutine<double> () =>
        {
            await using var file = await IO.LoopFile.OpenAsync(path);
            var buffer = new byte[100];
            long before = ThreadPool.CompletedWorkItemCount;
            for (int i = 0; i < Requests; i++)
            {
                await file.ReadAsync(buffer, 0);
            }

            return (ThreadPool.CompletedWorkItemCount - before) / (double)Requests;
        }), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Patience);

    private static void Secure(KestrelServerOptions server) => server.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(TlsTests.Certificate));

    private static void Map(WebApplication app)
    {
        app.MapGet("/plain", static () => "Hello");
        app.MapGet("/json", static () => new Item(1, "a"));
        app.MapGet("/yield", static async () =>
        {
            await Task.Yield();
            Thread.SpinWait(1000);      // so that it has not ended, on another thread, before its caller looks, who then would not have to wait
            return "Hello";
        });
        app.MapGet("/sleep", static async () =>
        {
            await Loop.Sleep(TimeSpan.FromTicks(1));
            return "Hello";
        });
        app.MapPost("/body", static (Item item) => item.Name);
    }

    // Blocks its thread.
    private sealed class Client : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly Stream stream;
        private readonly byte[] request;
        private readonly byte[] buffer = new byte[16 * 1024];

        internal Client(IPEndPoint server, string path, bool isSecure)
        {
            socket.Connect(server);
            stream = new NetworkStream(socket);
            if (isSecure)
            {
                var tls = new SslStream(stream, false, static (_, _, _, _) => true);
                tls.AuthenticateAsClient("a.test");
                stream = tls;
            }

            const string Body = """{"id":1,"name":"Hello"}""";
            request = Encoding.ASCII.GetBytes(path == "/body"
                ? $"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"
                : $"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        }

        internal void Ask(int times)
        {
            for (int i = 0; i < times; i++)
            {
                stream.Write(request);
                int count = 0;
                while (!IsWhole(buffer.AsSpan(0, count)))
                {
                    int got = stream.Read(buffer.AsSpan(count));
                    if (got <= 0)
                    {
                        throw new EndOfStreamException();
                    }

                    count += got;
                }
            }
        }

        public void Dispose()
        {
            stream.Dispose();
            socket.Dispose();
        }

        private static bool IsWhole(ReadOnlySpan<byte> answer) => answer.EndsWith("Hello"u8) || answer.EndsWith("0\r\n\r\n"u8);
    }
}
