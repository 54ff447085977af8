using System.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>The barrier is broken, or was reset or aborted during the wait. asyncio: <c>BrokenBarrierError</c>.</summary>
/// <param name="message">What happened to the barrier.</param>
public sealed class BrokenBarrierException(string? message = null) : InvalidOperationException(message ?? "The barrier is broken.");
