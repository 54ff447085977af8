using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using EventLoop.AspNetCore.Requests;
using EventLoop.Net;
using EventLoop.Net.Connections;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Transport;

/// <summary>A connection as Kestrel sees it. Loop thread, except for what says otherwise.</summary>
internal sealed partial class ServedConnection : ConnectionContext, IEventLoopFeature, IMemoryPoolFeature, IConnectionIdFeature, IConnectionTransportFeature,
    IConnectionItemsFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IConnectionSocketFeature
{
    private static long last;      // any thread, interlocked

    // Whose read has ended last on this thread: most probably Kestrel is handling a request of it now.
    [ThreadStatic]
    private static ServedConnection? resumed;

    private readonly Pipes pipes;
    private readonly CancellationTokenSource closed = new();
    private readonly LoopListener listener;
    private bool isTransportReplaced;            // by the TLS middleware, right after the handshake
    private IDuplexPipe transport;
    private IDictionary<object, object?>? items;
    private string? connectionId;
    private IFeatureCollection? featuresOfRequests;      // Kestrel's: the same object for all requests, where it has one at a time
    private StayingBody? body;
    private RequestEnd? end;

    internal ServedConnection(Connection connection, LoopListener listener)
    {
        this.listener = listener;
        pipes = new Pipes(connection, this);
        LocalEndPoint = connection.LocalEndPoint;
        RemoteEndPoint = connection.RemoteEndPoint;
        transport = pipes;
        Features.Set<IEventLoopFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionEndPointFeature>(this);
        Features.Set<IConnectionSocketFeature>(this);
    }

    /// <summary>Any thread.</summary>
    public Loop Loop => Core.Loop;

    /// <summary>Any thread.</summary>
    public MemoryPool<byte> MemoryPool => listener.Memory;

    public override string ConnectionId
    {
        get => connectionId ??= "L" + Interlocked.Increment(ref last).ToString("X8", System.Globalization.CultureInfo.InvariantCulture);
        set => connectionId = value;
    }

    public override IFeatureCollection Features { get; } = new FeatureCollection(16);

    public override IDictionary<object, object?> Items
    {
        get => items ??= new ConnectionItems();
        set => items = value;
    }

    /// <summary>Fires on the thread pool, as it does with Kestrel's sockets. Any thread.</summary>
    public override CancellationToken ConnectionClosed
    {
        get => closed.Token;
        set => throw new NotSupportedException();
    }

    public override IDuplexPipe Transport
    {
        get => transport;
        set
        {
            transport = value;
            isTransportReplaced = true;
        }
    }

    /// <summary>To ask the connection and to set its options; what is received, sent and closed is the loop's. Made when it is first asked for, with a
    /// descriptor of its own. Any thread.</summary>
    /// <exception cref="ObjectDisposedException">The connection is closed; one that was had before is disposed.</exception>
    Socket IConnectionSocketFeature.Socket => pipes.Connection.Socket.Device.AsSocket()
        ?? throw new ObjectDisposedException(nameof(Socket), $"The connection to {RemoteEndPoint} is closed.");

    internal LoopCore Core => pipes.Core;

    /// <summary>The last request; where there are several at a time, each is a feature of its own.</summary>
    internal RequestTask? Request { get; set; }

    /// <summary>The waiting request that a disconnect cancels, if that is enabled.</summary>
    internal RequestTask? Abandonable { get; set; }

    internal RawConnection Raw => pipes;

    /// <summary>HTTP/1.1 has one request at a time, and one object for the bodies of all of them.</summary>
    internal StayingBody Body => body ??= new StayingBody(Core);

    /// <inheritdoc cref="Body"/>
    internal RequestEnd End => end ??= new RequestEnd();

    /// <summary>Finds the connection of a request without asking the features, which takes as long as some of the middleware. Loop thread.</summary>
    /// <returns>Null: it is not known yet, or has several requests at a time.</returns>
    internal static ServedConnection? Find(IFeatureCollection features) =>
        resumed is { } probable && ReferenceEquals(probable.featuresOfRequests, features) ? probable : null;

    /// <summary>Makes <see cref="Find"/> find it. Loop thread.</summary>
    internal void NoteRequests(IFeatureCollection features) => featuresOfRequests = features;

    /// <summary>Any thread.</summary>
    public override void Abort(ConnectionAbortedException abortReason) => RawStep.OnLoop(Core, pipes.Abort);

    /// <summary>Completes when the client's system has everything, or takes nothing more. Any thread.</summary>
    public override ValueTask DisposeAsync()
    {
        if (ReferenceEquals(LoopCore.Running, Core))
        {
            return pipes.Close() is { } end ? new ValueTask(end.AsTask()) : default;
        }

        var request = new CloseRequest(pipes.Connection, () => pipes.Close());
        Core.Arrive(request);
        return new ValueTask(request.Closed);
    }

    // Any thread.
    private bool IsInHandshake => listener.HandshakeOnPool && !isTransportReplaced && Features.Get<ITlsConnectionFeature>() is not null;

    private void OnGone()
    {
        if (ReferenceEquals(resumed, this))
        {
            resumed = null;
        }

        Abandonable?.AbandonWhenAborted();
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.TellClosed(), this, preferLocal: false);
    }

    // Thread pool, where an exception that nobody catches ends the process: the application's callbacks may throw.
    private void TellClosed()
    {
        try
        {
            closed.Cancel();
        }
        catch (Exception failure)
        {
            LogCallbackFailed(listener.Logger, ConnectionId, failure);
        }
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "A callback of ConnectionClosed of the connection {ConnectionId} has failed.")]
    private static partial void LogCallbackFailed(ILogger logger, string connectionId, Exception failure);

    private sealed class Pipes(Connection connection, ServedConnection owner) : RawConnection(connection), IDuplexPipe
    {
        PipeReader IDuplexPipe.Input => Input;

        PipeWriter IDuplexPipe.Output => Output;

        // The expensive part of TLS is not computed on the loop.
        private protected override bool ResumesOnPool => owner.IsInHandshake;

        private protected override Exception Explain(Exception failure) => failure switch
        {
            ObjectDisposedException => new ConnectionAbortedException("The connection was aborted.", failure),
            IOException => new ConnectionResetException(failure.Message, failure),
            _ => failure,
        };

        private protected override void OnReadEnded() => resumed = owner;

        private protected override void OnGone() => owner.OnGone();
    }
}
