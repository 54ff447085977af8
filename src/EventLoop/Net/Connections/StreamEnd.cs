using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>What the pipes of a stream and their operations know of whose they are: its loop, what it stands on,
/// where its blocks come from, and how it ends. Loop thread only.</summary>
internal abstract class StreamEnd(LoopCore core, Transport transport)
{
    internal LoopCore Core { get; } = core;

    internal BufferPool Buffers { get; } = BufferPool.Of(core);

    internal Transport Transport { get; set; } = transport;

    /// <summary>What it is, for messages: "connection", "pipe".</summary>
    internal abstract string Kind { get; }

    /// <summary>What kind of thing it is to those who wait for it.</summary>
    internal virtual WaitKind WaitedForAs => WaitKind.Socket;

    /// <summary>Whom it leads to, for messages.</summary>
    internal abstract string Peer { get; }

    internal abstract bool IsClosed { get; }

    internal abstract ObjectDisposedException ClosedException();

    /// <summary>Closes it at once, with a reset where there is such a thing.</summary>
    internal abstract void Abort();

    /// <summary>Closes it. Any thread.</summary>
    internal abstract ValueTask DisposeAsync();

    internal void VerifyAccess() => Core.VerifyAccess(Kind);
}
