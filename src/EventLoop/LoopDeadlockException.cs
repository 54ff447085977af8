using System.Runtime.InteropServices;

namespace EventLoop;

/// <summary>Nothing can ever run again: every task waits for another one. Thrown by loops for tests.</summary>
/// <param name="report">Every waiting task and what it waits for.</param>
public sealed class LoopDeadlockException(string report) : Exception(report);
