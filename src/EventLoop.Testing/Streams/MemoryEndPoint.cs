using System.Net;

namespace EventLoop.Testing;

/// <summary>The name of an end of a connection in memory, for messages and reports.</summary>
internal sealed class MemoryEndPoint(string name) : EndPoint
{
    public override string ToString() => $"memory:{name}";
}
