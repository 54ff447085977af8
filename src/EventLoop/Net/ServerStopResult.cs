using System.Net;
using System.Net.Sockets;
using EventLoop.Combining;
using EventLoop.Net.Sockets;

namespace EventLoop.Net;

/// <summary>The result of stopping a server.</summary>
/// <param name="Aborted">The peers of connections that were reset because their handlers did not even respond to their cancellation.</param>
/// <param name="Canceled">How many handlers had to be cancelled.</param>
public readonly record struct ServerStopResult(IReadOnlyList<EndPoint?> Aborted, int Canceled);
