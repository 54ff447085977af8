using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EventLoop.Net.Connections;
using EventLoop.Net.Tls;
using EventLoop.Scheduling;

namespace EventLoop.Net;

// TLS on an established connection.
public sealed partial class Connection
{
    /// <summary>What TLS negotiated: protocol, cipher, peer's certificate, application protocol. Null without TLS.</summary>
    public SslStream? Tls => Transport is TlsTransport { IsReady: true } tls ? tls.Ssl : null;

    // From the call of StartTlsAsync to the end of the handshake.
    private bool IsUpgrading => output.IsUpgrading;

    /// <summary>Starts TLS as the client, with the usual checks of the server's certificate. asyncio: <c>start_tls</c>.</summary>
    /// <param name="targetHost">The name that the certificate has to contain.</param>
    /// <param name="allowTruncation">See <see cref="StartTlsAsync(SslClientAuthenticationOptions, bool)"/>.</param>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions, bool)" path="/remarks"/>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions, bool)" path="/exception"/>
    public Coroutine StartTlsAsync(string targetHost, bool allowTruncation = false) =>
        StartTlsAsync(new SslClientAuthenticationOptions { TargetHost = targetHost }, allowTruncation);

    /// <summary>Starts TLS as the client. asyncio: <c>start_tls</c>.</summary>
    /// <param name="options">Target host (SNI), application protocols (ALPN), checks.</param>
    /// <param name="allowTruncation">
    /// Whether an end of the connection without TLS's close_notify counts as an orderly end. Otherwise it is an <see cref="IOException"/> for the reader,
    /// because somebody on the way may have cut the stream; if it is allowed, only the peer's own protocol can tell. In the middle of a TLS record it is
    /// always an error.
    /// </param>
    /// <remarks>
    /// What was written before goes out first; input that has arrived already is taken for the beginning of the handshake, never for data. Reads and writes
    /// that begin before it is over are refused with <see cref="InvalidOperationException"/>: nothing of them is sent in clear text. The handshake runs on the
    /// thread pool, because checking certificates takes time; everything after it on the loop. <b>Cancellation:</b> resets the connection.
    /// </remarks>
    /// <exception cref="AuthenticationException">The handshake failed; the endpoint is in the message, and the connection is reset.</exception>
    /// <exception cref="IOException">The connection broke during the handshake.</exception>
    /// <exception cref="InvalidOperationException">TLS was started already, or a read is pending.</exception>
    public Coroutine StartTlsAsync(SslClientAuthenticationOptions options, bool allowTruncation = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Handshake((ssl, token) => ssl.AuthenticateAsClientAsync(options, token), allowTruncation);
    }

    /// <summary>Starts TLS as the server.</summary>
    /// <param name="certificate">With its private key.</param>
    /// <param name="allowTruncation">See <see cref="StartTlsAsync(SslClientAuthenticationOptions, bool)"/>.</param>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions, bool)" path="/remarks"/>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions, bool)" path="/exception"/>
    public Coroutine StartTlsAsync(X509Certificate2 certificate, bool allowTruncation = false) =>
        StartTlsAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, allowTruncation);

    /// <summary>Starts TLS as the server.</summary>
    /// <param name="options">Certificate or its selection by name (SNI), application protocols (ALPN), client certificates.</param>
    /// <param name="allowTruncation">See <see cref="StartTlsAsync(SslClientAuthenticationOptions, bool)"/>.</param>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions, bool)" path="/remarks"/>
    /// <inheritdoc cref="StartTlsAsync(SslClientAuthenticationOptions, bool)" path="/exception"/>
    public Coroutine StartTlsAsync(SslServerAuthenticationOptions options, bool allowTruncation = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Handshake((ssl, token) => ssl.AuthenticateAsServerAsync(options, token), allowTruncation);
    }

    private async Coroutine Handshake(Func<SslStream, CancellationToken, Task> authenticate, bool allowTruncation)
    {
        if (Transport is TlsTransport || IsUpgrading)
        {
            throw new InvalidOperationException("This connection has TLS already, or is about to have it.");
        }

        byte[] early = input.Hold();
        output.IsUpgrading = true;
        SslStream? ssl = null;
        try
        {
            // After what was written before, and with nobody let in after that.
            var turn = OutputOperation.Rent(output, default, drain: true, reserves: true, upgrades: true);
            await new Coroutine<int>(turn, turn.Version);
            var below = new Connection(socket);
            below.input.Prepend(early);

            // Not raw yet: what is begun on the pool continues there.
            var bare = below.OpenStream(raw: false);
            ssl = new SslStream(bare, leaveInnerStreamOpen: true);
            var tls = new TlsTransport(ssl, below, allowTruncation);
            output.LeaveTransport();
            Transport = tls;
            var token = Loop.TokenHere(isForOthers: false);
            bare.IsCallerInFlight = true;
            await Flight.Of(Core, Task.Run(() => authenticate(ssl, token), CancellationToken.None)).OnLoop();
            bare.IsCallerInFlight = false;
            bare.Raw = true;
            tls.BeReady();
        }
        catch (Exception failure)
        {
            var explained = failure switch
            {
                AuthenticationException => new AuthenticationException($"TLS with {Peer} failed: {failure.Message}", failure),
                IOException => new IOException($"TLS with {Peer} failed: {failure.Message}", failure),
                _ => failure,
            };
            CloseNow(abort: true);
            ssl?.Dispose();
            throw ReferenceEquals(explained, failure) ? failure : explained;
        }
        finally
        {
            output.IsUpgrading = false;
            input.Release();
        }

        output.EndTransfer(null);
    }
}
