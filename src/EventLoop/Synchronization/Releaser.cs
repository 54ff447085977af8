using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Returns what was acquired, once: a second <see cref="Dispose"/>, or one after the primitive's own <c>Release</c> by the same task, does
/// nothing.</summary>
/// <remarks>
/// <para><b>Thread:</b> that of the loop. <b>Cost:</b> 0 bytes. The default value does nothing.</para>
/// <para>asyncio: the <c>__aexit__</c> of <c>async with lock</c>.</para>
/// </remarks>
public readonly struct Releaser : IDisposable
{
    private readonly IReleasable? target;
    private readonly long ticket;

    internal Releaser(IReleasable target, long ticket)
    {
        this.target = target;
        this.ticket = ticket;
    }

    /// <summary>Returns what was acquired, unless that has been done.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Dispose() => target?.Release(ticket);
}
