using System.Net;

namespace EventLoop.Testing;

/// <summary>What messages and reports call an end of a connection in memory.</summary>
internal sealed class MemoryEndPoint(string name) : EndPoint
{
    public override string ToString() => $"memory:{name}";
}
