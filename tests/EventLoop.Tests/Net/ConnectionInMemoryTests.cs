using EventLoop.Net;
using EventLoop.Testing;

namespace EventLoop.Tests.Net;

/// <summary>On a played socket everything is the loop's own: virtual time, and an order of arrivals that seeds shuffle.</summary>
[UnderSeeds(50)]
[Collection(nameof(ConnectionInMemoryTests))]
public sealed class ConnectionInMemoryTests() : ConnectionTests(PollerKind.Auto)
{
    private protected override bool IsVirtual => true;

    protected override async Coroutine<(Connection Client, Connection Server)> Pair()
    {
        await Loop.Yield();
        var pair = new MemoryConnectionPair();
        return (pair.Left, pair.Right);
    }
}
