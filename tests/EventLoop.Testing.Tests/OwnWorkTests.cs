using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EventLoop.IO;
using EventLoop.Net;

namespace EventLoop.Testing.Tests;

/// <summary>What the library does on other threads by itself takes no virtual time.</summary>
public class OwnWorkTests
{
    [LoopTheory]
    [InlineData(0)]
    [InlineData(1)]
    public async Coroutine A_handshake_of_TLS_takes_the_time_of_its_bytes_and_no_more(int delay)
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=memory", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var pair = new MemoryConnectionPair(new MemoryStreamOptions { Delay = TimeSpan.FromSeconds(delay) });
        var trusting = new SslClientAuthenticationOptions { TargetHost = "memory", RemoteCertificateValidationCallback = (_, _, _, _) => true };
        await Loop.WaitFor(
            async Coroutine () => await Loop.Gather(pair.Left.StartTlsAsync(trusting), pair.Right.StartTlsAsync(certificate)), TimeSpan.FromMinutes(1));
        TestLoop.Clock.Elapsed.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(2 * delay)).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(5 * delay));
    }

    [LoopFact]
    public async Coroutine A_handshake_that_the_peer_does_not_answer_lets_time_go_on()
    {
        await using var pair = new MemoryConnectionPair();
        var trusting = new SslClientAuthenticationOptions { TargetHost = "memory" };
        var waiting = async () => await Loop.WaitFor(pair.Left.StartTlsAsync(trusting), TimeSpan.FromMinutes(1));
        await waiting.Should().ThrowAsync<TimeoutException>();
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromMinutes(1));
    }

    [LoopFact]
    public async Coroutine A_file_that_was_written_is_closed_in_no_time()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var sleeping = Loop.CreateTask(Loop.Sleep(TimeSpan.FromDays(1)));
        try
        {
            for (int i = 0; i < 50; i++)
            {
                var file = await LoopFile.OpenAsync(path, FileMode.Create, FileAccess.Write);
                await file.WriteAsync(new byte[100], 0);
                await file.DisposeAsync();
            }
        }
        finally
        {
            File.Delete(path);
        }

        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.Zero);
        sleeping.Cancel();
    }

    [LoopFact]
    public async Coroutine A_name_is_resolved_in_no_time()
    {
        Exception? failure = null;
        try
        {
            await Loop.WaitFor(Tcp.ConnectAsync("localhost", UnusedPort()), TimeSpan.FromTicks(1));
        }
        catch (Exception refused)
        {
            failure = refused;
        }

        failure.Should().NotBeNull().And.NotBeOfType<TimeoutException>();
    }

    [LoopFact]
    public async Coroutine Announced_work_that_is_canceled_keeps_its_token()
    {
        using var source = new CancellationTokenSource();
        var work = new TaskCompletionSource();
        var held = TestLoop.HoldTime(work.Task);
        source.Cancel();
        work.SetCanceled(source.Token);
        var waiting = () => held;
        (await waiting.Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(source.Token);
    }

    [LoopFact]
    public async Coroutine Announced_work_that_fails_keeps_all_its_exceptions()
    {
        var work = new TaskCompletionSource();
        var held = TestLoop.HoldTime(work.Task);
        work.SetException([new FormatException(), new IOException()]);
        var waiting = () => held;
        await waiting.Should().ThrowAsync<FormatException>();
        held.Exception!.InnerExceptions.Should().HaveCount(2);
    }

    private static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
