using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Transport;

/// <summary>Takes the place of Kestrel's sockets: listens on the loops. Any thread.</summary>
internal sealed class LoopTransportFactory(ServerLoops loops, IMemoryPoolFactory<byte> memory,
    ILogger<LoopTransportFactory> logger) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint or FileHandleEndPoint;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var all = loops.StartHere();
        var listener = new LoopListener(loops, all, memory.Create(), logger);
        try
        {
            await listener.BindAsync(endpoint, cancellationToken).ConfigureAwait(false);
            return listener;
        }
        catch (SocketException failure)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
            throw failure.SocketErrorCode == SocketError.AddressAlreadyInUse ? new AddressInUseException(failure.Message, failure) : failure;
        }
        catch
        {
            await listener.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
