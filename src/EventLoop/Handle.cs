using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A scheduled callback, which can be cancelled. asyncio: <c>Handle</c>.</summary>
/// <remarks>
/// <b>Thread:</b> the loop's. <b>Cost:</b> the scheduled item is pooled and versioned, so that a stale handle never touches another callback; the handle
/// itself is a small object that the JIT leaves out where the result of the call is discarded or only cancelled.
/// </remarks>
public class Handle : IEquatable<Handle>
{
    private readonly CallbackItem item;
    private readonly int version;
    private bool cancelled;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected Handle(CallbackItem item, int version)
    {
        this.item = item;
        this.version = version;
    }

    /// <summary>Where the callback was scheduled; null without debug mode, and once it is no longer pending.</summary>
    public string? CreatedAt => item.Version == version ? item.CreatedAt : null;

    /// <summary>Whether <see cref="Cancel"/> was called.</summary>
    public bool IsCanceled => cancelled;

    /// <summary>Cancels the callback: it will not be called, and what it references is released at once. Does nothing once it has been called.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Cancel()
    {
        item.Cancel(version);
        cancelled = true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Handle For(CallbackItem item) => new(item, item.Version);

    internal static Handle For(CallbackItem item, int version) => new(item, version);

    /// <summary>Whether both stand for the same callback.</summary>
    /// <param name="other">Another handle.</param>
    public bool Equals(Handle? other) => other is not null && ReferenceEquals(item, other.item) && version == other.version;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Handle);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(item), version);
}
