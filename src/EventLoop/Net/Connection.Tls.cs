using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EventLoop.Tasks;

namespace EventLoop.Net;

// TLS on a connection that stands already.
public sealed partial class Connection
{
    /// <summary>What TLS agreed on: protocol, cipher, peer's certificate, application protocol. Null without TLS.</summary>
    public SslStream? Tls => (Transport as TlsTransport)?.Ssl;

    /// <summary>Begins TLS as the client, with the usual checks of the server's certificate. asyncio: <c>start_tls</c>.</summary>
    /// <param name="targetHost">The name that the certificate has to bear.</param>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions)" path="/remarks"/>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions)" path="/exception"/>
    public Coroutine StartTlsAsync(string targetHost) => StartTlsAsync(new SslClientAuthenticationOptions { TargetHost = targetHost });

    /// <summary>Begins TLS as the client. asyncio: <c>start_tls</c>.</summary>
    /// <param name="options">Target host (SNI), application protocols (ALPN), checks.</param>
    /// <remarks>
    /// What was written before goes out first; what came before its time is taken for the beginning of the handshake, never for data. The handshake runs on
    /// the thread pool, because checking certificates takes time; everything after it on the loop. <b>Cancellation:</b> resets the connection.
    /// </remarks>
    /// <exception cref="AuthenticationException">The handshake failed; the endpoint is in the message, and the connection is reset.</exception>
    /// <exception cref="IOException">The connection broke in the middle.</exception>
    /// <exception cref="InvalidOperationException">There is TLS already, or a read is under way.</exception>
    public Coroutine StartTlsAsync(SslClientAuthenticationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Handshake((ssl, token) => ssl.AuthenticateAsClientAsync(options, token));
    }

    /// <summary>Begins TLS as the server.</summary>
    /// <param name="certificate">With its private key.</param>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions)" path="/remarks"/>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions)" path="/exception"/>
    public Coroutine StartTlsAsync(X509Certificate2 certificate) => StartTlsAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate });

    /// <summary>Begins TLS as the server.</summary>
    /// <param name="options">Certificate or a choice by name (SNI), application protocols (ALPN), client certificates.</param>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions)" path="/remarks"/>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions)" path="/exception"/>
    public Coroutine StartTlsAsync(SslServerAuthenticationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Handshake((ssl, token) => ssl.AuthenticateAsServerAsync(options, token));
    }

    private async Coroutine Handshake(Func<SslStream, CancellationToken, Task> authenticate)
    {
        if (Transport is TlsTransport)
        {
            throw new InvalidOperationException("This connection has TLS already.");
        }

        await DrainAsync();
        var below = new Connection(socket);
        below.input.Prepend(input.TakeAll());

        // Not raw yet: what is begun on the pool goes on there.
        var bare = new ConnectionStream(below, raw: false);
        var ssl = new SslStream(bare, leaveInnerStreamOpen: true);
        var token = Loop.TokenHere(isForOthers: false);
        try
        {
            await Task.Run(() => authenticate(ssl, token), CancellationToken.None).OnLoop();
        }
        catch (Exception failure)
        {
            Abort();
            ssl.Dispose();
            throw failure switch
            {
                AuthenticationException => new AuthenticationException($"TLS with {Peer} failed: {failure.Message}", failure),
                IOException => new IOException($"TLS with {Peer} failed: {failure.Message}", failure),
                _ => failure,
            };
        }

        bare.Raw = true;
        Transport = new TlsTransport(ssl, below);
    }
}
