using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EventLoop.Net;

namespace EventLoop.AotSmoke;

/// <summary>Each connects to itself.</summary>
internal static class Network
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    internal static async Coroutine TcpAsync()
    {
        await using var server = Tcp.Listen(AnyPort, EchoLineAsync);
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync("line\n");
        Check.That(await client.ReadLineAsync() == "line");
        Check.That(await client.ReadLineAsync() is null);
    }

    internal static async Coroutine UdpAsync()
    {
        using var receiver = Udp.Bind(AnyPort);
        using var sender = Udp.Connect((IPEndPoint)receiver.LocalEndPoint!);
        await sender.SendAsync(Encoding.ASCII.GetBytes("datagram"));
        var buffer = new byte[100];
        var received = await receiver.ReceiveFromAsync(buffer);
        Check.That(Encoding.ASCII.GetString(buffer, 0, received.Length) == "datagram");
    }

    internal static async Coroutine CancelReadAsync()
    {
        await using var server = Tcp.Listen(AnyPort, EchoLineAsync);
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await Check.CancelAsync(Loop.CreateTask(async Coroutine () => await client.ReadAsync(new byte[1])));
        await client.WriteAsync("after\n");
        Check.That(await client.ReadLineAsync() == "after");
    }

    internal static async Coroutine TlsAsync()
    {
        using var certificate = MakeCertificate();
        await using var server = Tcp.Listen(AnyPort, async connection =>
        {
            await connection.StartTlsAsync(certificate);
            await EchoLineAsync(connection);
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.StartTlsAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString(),
        });
        string line = new('x', 50_000);
        await client.WriteAsync(line + "\n");
        Check.That(client.Tls!.IsEncrypted);
        Check.That(await client.ReadLineAsync() == line);
        Check.That(await client.ReadLineAsync() is null);
    }

    private static async Coroutine EchoLineAsync(Connection connection)
    {
        if (await connection.ReadLineAsync() is { } line)
            await connection.WriteAsync(line + "\n");
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
