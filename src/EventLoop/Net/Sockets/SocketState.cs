using EventLoop.Polling;

namespace EventLoop.Net.Sockets;

/// <summary>What is known about a device. Reports of the poller have the same bits.</summary>
[Flags]
internal enum SocketState : byte
{
    /// <summary>A receive may find something. Set until one finds nothing: not knowing costs one call, while a missed edge would cost the
    /// connection.</summary>
    Readable = (byte)Readiness.Readable,

    /// <summary>A send may find room.</summary>
    Writable = (byte)Readiness.Writable,

    /// <inheritdoc cref="Readiness.HangUp"/>
    HangUp = (byte)Readiness.HangUp,

    Closed = 8,

    /// <summary>The poller has reported that it is readable, and nothing was received since, so nobody need check.</summary>
    JustTold = 16,

    /// <inheritdoc cref="Readiness.Urgent"/>
    Urgent = (byte)Readiness.Urgent,

    /// <summary>Only an attempt in vain proves that nothing is left.</summary>
    ShortProvesNothing = HangUp | Urgent,

    /// <summary>Part of something was sent, and the rest will never follow, so an orderly end is impossible.</summary>
    Cut = 64,

    /// <summary>It belongs to a connection, and nobody else reads from it: what was not read is dropped before it is closed, because the system would respond
    /// to it with a reset.</summary>
    DropsUnread = 128,
}
