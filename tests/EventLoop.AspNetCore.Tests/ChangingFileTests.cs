using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Files that change while a slow client receives them: it gets what was promised, or the connection ends, and it never waits for ever.</summary>
public sealed class ChangingFileTests
{
    private const int Size = 12 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What happens to the file, by which way it is sent, and by whom.</summary>
    public static TheoryData<string, string, bool> All()
    {
        var all = new TheoryData<string, string, bool>();
        foreach (string what in (string[])["nothing", "replaced", "deleted", "truncated", "grown", "overwritten"])
        {
            foreach (string path in (string[])["/files/a.bin", "/result", "/send"])
            {
                all.Add(what, path, true);
                all.Add(what, path, false);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_file_that_changes_under_a_slow_reader_arrives_whole_or_its_connection_ends(string what, string path, bool onLoop)
    {
        string folder = Directory.CreateTempSubdirectory("eventloop-files-").FullName;
        try
        {
            string file = Path.Combine(folder, "a.bin");
            await File.WriteAllBytesAsync(file, Bytes(1));
            await using var site = await Site.StartAsync(
                app =>
                {
                    app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(folder), RequestPath = "/files" });
                    app.MapGet("/result", () => TypedResults.PhysicalFile(file, "application/octet-stream"));
                    app.MapGet("/send", async (HttpContext http) =>
                    {
                        http.Response.ContentLength = Size;
                        await http.Response.SendFileAsync(file, 0, Size);
                    });
                },
                onLoop: onLoop);
            var (head, body) = await DownloadAsync(site, path, () => Change(what, file));
            head.Should().StartWith("HTTP/1.1 200").And.Contain($"Content-Length: {Size}\r\n");
            var mixed = FirstForeign(body);
            switch (what)
            {
                case "truncated":
                    body.Length.Should().BeLessThan(Size, "the connection ends where the file does, as on sockets, and the client sees less than promised");
                    site.Log.At(LogLevel.Error).Should().Contain(static line => line.Contains("too few bytes written"));
                    mixed.Should().Be(-1);
                    break;

                case "overwritten":
                    body.Length.Should().Be(Size);       // the bytes that are in the file when they are read, as on sockets
                    break;

                default:
                    body.Length.Should().Be(Size);
                    mixed.Should().Be(-1, "the file that was opened is sent");
                    break;
            }

            await FeatureTests.UntilAsync(() => !FeatureTests.OpenFiles().Any(open => open.StartsWith(file, StringComparison.Ordinal)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What happens to the file, by which way it is sent, and how the client speaks.</summary>
    public static TheoryData<string, string, bool, bool, bool> AllProtected()
    {
        var all = new TheoryData<string, string, bool, bool, bool>();
        foreach (string what in (string[])["replaced", "deleted", "truncated"])
        {
            foreach (string path in (string[])["/files/a.bin", "/send"])
            {
                foreach (var (isSecure, isHttp2) in ((bool, bool)[])[(true, false), (true, true), (false, true)])
                {
                    all.Add(what, path, isSecure, isHttp2, true);
                    all.Add(what, path, isSecure, isHttp2, false);
                }
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(AllProtected))]
    public async Task By_TLS_and_HTTP2_as_well_it_arrives_whole_or_its_transfer_fails(string what, string path, bool isSecure, bool isHttp2, bool onLoop)
    {
        string folder = Directory.CreateTempSubdirectory("eventloop-files-").FullName;
        try
        {
            string file = Path.Combine(folder, "a.bin");
            await File.WriteAllBytesAsync(file, Bytes(1));
            await using var site = await Site.StartAsync(
                app =>
                {
                    app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(folder), RequestPath = "/files" });
                    app.MapGet("/send", async (HttpContext http) =>
                    {
                        http.Response.ContentLength = Size;
                        await http.Response.SendFileAsync(file, 0, Size);
                    });
                },
                onLoop: onLoop,
                kestrel: server => server.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = isHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1;
                    if (isSecure)
                    {
                        listen.UseHttps(TlsTests.Certificate);
                    }
                }));
            var (body, isWhole) = await DownloadAsync(site, path, isHttp2, () => Change(what, file));
            isWhole.Should().Be(what != "truncated", "the file that was opened is sent, as far as it goes");
            if (isWhole)
            {
                body.Length.Should().Be(Size);
            }
            else
            {
                body.Length.Should().BeLessThan(Size);
            }

            FirstForeign(body).Should().Be(-1);
            await FeatureTests.UntilAsync(() => !FeatureTests.OpenFiles().Any(open => open.StartsWith(file, StringComparison.Ordinal)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Change(string what, string file)
    {
        switch (what)
        {
            case "replaced":
                File.WriteAllBytes(file + ".new", Bytes(2));
                File.Move(file + ".new", file, overwrite: true);
                break;

            case "deleted":
                File.Delete(file);
                break;

            case "truncated":
                using (var open = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    RandomAccess.SetLength(open, Size - 1000);
                }

                break;

            case "grown":
                using (var open = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    RandomAccess.Write(open, new byte[100_000], Size);
                }

                break;

            case "overwritten":
                using (var open = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    RandomAccess.Write(open, Bytes(2), 0);
                }

                break;
        }
    }

    // By a client with a small window, which reads the beginning, has the file changed, and takes its time for the rest.
    private static async Task<(string Head, byte[] Body)> DownloadAsync(Site site, string path, Action change)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };
        await socket.ConnectAsync(site.EndPoint).WaitAsync(Patience);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        var all = new MemoryStream(Size + 1000);
        byte[] block = new byte[64 * 1024];
        int end = 0;
        bool isChanged = false;
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(block.AsMemory(0, 8192 + (int)(all.Length % 9001))).AsTask().WaitAsync(Patience)) > 0)
            {
                all.Write(block, 0, count);
                if (end == 0)
                {
                    end = all.GetBuffer().AsSpan(0, (int)all.Length).IndexOf("\r\n\r\n"u8) + 4;
                }

                if (all.Length == end + Size)
                {
                    break;
                }

                if (!isChanged && all.Length > 300_000)
                {
                    isChanged = true;
                    change();
                }
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
        }

        byte[] bytes = all.ToArray();
        return (Encoding.ASCII.GetString(bytes, 0, end), bytes[end..]);
    }

    // The same by .NET's client.
    private static async Task<(byte[] Body, bool IsWhole)> DownloadAsync(Site site, string path, bool isHttp2, Action change)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
            InitialHttp2StreamWindowSize = 65_535,
            ConnectCallback = static async (context, token) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri(site.Address),
            DefaultRequestVersion = isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Patience,
        };
        using var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentLength.Should().Be(Size);
        var all = new MemoryStream(Size);
        byte[] block = new byte[16 * 1024];
        bool isChanged = false;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync();
            int count;
            while ((count = await stream.ReadAsync(block).AsTask().WaitAsync(Patience)) > 0)
            {
                all.Write(block, 0, count);
                if (!isChanged && all.Length > 300_000)
                {
                    isChanged = true;
                    change();
                }
            }
        }
        catch (IOException)
        {
            return (all.ToArray(), false);
        }

        return (all.ToArray(), true);
    }

    private static byte[] Bytes(byte generation)
    {
        byte[] bytes = new byte[Size];
        for (int i = 0; i < Size; i += 8)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i), ((long)i << 8) | generation);
        }

        return bytes;
    }

    // Where it first differs from what the file was at the beginning; -1: nowhere.
    private static int FirstForeign(byte[] body) => body.AsSpan().SequenceEqual(Bytes(1).AsSpan(0, Math.Min(body.Length, Size))) ? -1
        : body.AsSpan().CommonPrefixLength(Bytes(1));
}
