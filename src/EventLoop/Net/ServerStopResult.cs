using System.Net;
using System.Net.Sockets;
using EventLoop.Combining;
using EventLoop.Net.Sockets;

namespace EventLoop.Net;

/// <summary>What a stop of a server came to.</summary>
/// <param name="Aborted">Connections whose handlers did not even end when they were cancelled, and were reset; by their peers.</param>
/// <param name="Canceled">How many handlers had to be cancelled.</param>
public readonly record struct ServerStopResult(IReadOnlyList<EndPoint?> Aborted, int Canceled);
