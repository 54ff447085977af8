using System.Globalization;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EventLoop.Net;

namespace EventLoop.Samples.Tests;

public sealed class EchoClientTests
{
    [Fact]
    public void A_certificate_that_it_does_not_trust_is_named_in_a_sentence()
    {
        using var certificate = OfNobody();
        var result = Run(
            async connection => await connection.StartTlsAsync(certificate),
            static async process => await process.CommunicateTextAsync(),
            "--tls", "localhost");

        result.ExitStatus.Should().Be(new ExitStatus(1), result.StandardError);
        result.StandardError.Should().Contain("certificate").And.NotContain("Unhandled").And.NotContain("   at ");
    }

    [Fact]
    public void Told_to_end_while_it_waits_for_an_echo_it_has_the_exit_code_that_says_so()
    {
        var hasCome = new AsyncEvent();
        var result = Run(
            async connection =>
            {
                await connection.ReadExactlyAsync(new byte[1024]);
                hasCome.Set();
                await connection.ReadToEndAsync();
            },
            async process =>
            {
                await hasCome.WaitAsync();
                process.Terminate();
                return await process.CommunicateTextAsync();
            },
            "--count", "1");

        result.ExitStatus.Should().Be(new ExitStatus(143), result.StandardError);
    }

    private static RunResult<string> Run(
        Func<Connection, Coroutine> serve, Func<Subprocess, Coroutine<RunResult<string>>> use, params string[] arguments) => Loop.Run(
        async Coroutine<RunResult<string>> () => await Loop.WaitFor(
            async Coroutine<RunResult<string>> () =>
            {
                await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), async connection =>
                {
                    try
                    {
                        await serve(connection);
                    }
                    catch (Exception refused) when (refused is IOException or AuthenticationException)
                    {
                        // The client says why.
                    }
                });
                string port = ((IPEndPoint)server.EndPoint).Port.ToString(CultureInfo.InvariantCulture);
                await using var process = await Subprocess.StartAsync(
                    Sample.Command("EchoClient", ["--port", port, .. arguments]) with { Output = Stdio.Pipe, Error = Stdio.Pipe });
                return await use(process);
            },
            TimeSpan.FromMinutes(1)),
        new LoopOptions { HandleInterrupt = false });

    private static X509Certificate2 OfNobody()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
