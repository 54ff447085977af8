using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>What the pipes of a stream and their operations know about their owner: its loop, its transport, where its blocks come from, and how it is closed.
/// Loop thread only.</summary>
internal abstract class StreamOwner(LoopCore core, Transport transport)
{
    internal LoopCore Core { get; } = core;

    internal BufferPool Buffers { get; } = BufferPool.Of(core);

    internal Transport Transport { get; set; } = transport;

    /// <summary>The kind of owner, for messages: "connection", "pipe".</summary>
    internal abstract string Kind { get; }

    /// <summary>The kind of wait that waiting for it is.</summary>
    internal virtual WaitKind WaitedForAs => WaitKind.Socket;

    /// <summary>The other side, for messages.</summary>
    internal abstract string Peer { get; }

    internal abstract bool IsClosed { get; }

    /// <summary>Whether it accepts nothing more to be written, although what was written before may still be on its way. Reads go on until it is closed: a peer
    /// that sends, and that nobody reads from, might stop reading.</summary>
    internal virtual bool IsClosing => IsClosed;

    internal abstract ObjectDisposedException ClosedException();

    /// <summary>Closes it at once, with a reset where that exists.</summary>
    internal abstract void Abort();

    /// <summary>Closes it. Any thread.</summary>
    internal abstract ValueTask DisposeAsync();

    internal void VerifyAccess() => Core.VerifyAccess(Kind);
}
