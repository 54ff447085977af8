using EventLoop.Net;
using EventLoop.Scheduling;

namespace EventLoop.Testing;

/// <summary>Two <see cref="Connection"/>s in memory; what is written to one is read from the other: servers and clients are tested without a socket, with
/// scripted chunk sizes, delays, half-close and reset.</summary>
/// <remarks>
/// <para>They are real connections (pipes, lines, limits, buffers, TLS); only the system's socket below is simulated. Delays are on the loop's clock, a
/// waiting read or write can be cancelled and made to fail, and an endless wait is reported as a deadlock. Readiness comes in steps of its own, so that seeds
/// shuffle it.</para>
/// <para>A connection buffers up to 64 KiB that it could not send; <see cref="Connection.DrainAsync"/> waits until the wire has accepted everything.
/// <see cref="Connection.DisposeAsync"/> is always an orderly end for the other side, <see cref="Connection.Abort"/> always a reset; both take as long to
/// arrive as bytes do.</para>
/// <para><b>Thread:</b> the loop's. Trio: <c>memory_stream_pair</c>.</para>
/// </remarks>
public sealed class MemoryConnectionPair : IAsyncDisposable
{
    private readonly MemoryWire toRight;
    private readonly MemoryWire toLeft;

    /// <summary>Makes a pair of open connections of the running loop.</summary>
    /// <param name="leftToRight">Null: whole chunks, without delay.</param>
    /// <param name="rightToLeft">Null: like <paramref name="leftToRight"/>.</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    /// <exception cref="ArgumentException">The options have a clock of their own.</exception>
    public MemoryConnectionPair(MemoryStreamOptions? leftToRight = null, MemoryStreamOptions? rightToLeft = null)
    {
        var core = LoopCore.Required;
        leftToRight ??= new MemoryStreamOptions();
        toRight = new MemoryWire(core, leftToRight);
        toLeft = new MemoryWire(core, rightToLeft ?? leftToRight);
        var left = new MemoryEndPoint("left");
        var right = new MemoryEndPoint("right");
        Left = new MemorySocket(core, toLeft, toRight, left, right).Connection;
        Right = new MemorySocket(core, toRight, toLeft, right, left).Connection;
    }

    /// <summary>One end.</summary>
    public Connection Left { get; }

    /// <summary>The other end.</summary>
    public Connection Right { get; }

    /// <summary>Breaks the connection at once: whatever waits on either end, and all later calls, throw <see cref="IOException"/>; bytes on their way are
    /// lost.</summary>
    public void Reset()
    {
        toRight.ResetNow();
        toLeft.ResetNow();
    }

    /// <summary>Disposes both ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await Left.DisposeAsync();
        await Right.DisposeAsync();
    }
}
