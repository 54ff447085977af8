using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>A function that an executor has sent, its number, and how long it takes. Any thread.</summary>
internal sealed class KnownFunction(Guid id, WorkFunctionName name, bool isAsynchronous)
{
    private int used;

    internal Guid Id => id;

    internal WorkFunctionName Name => name;

    internal bool IsAsynchronous => isAsynchronous;

    internal WorkPace Pieces { get; } = new();

    internal WorkPace Chunks { get; } = new();

    /// <summary>Whether a call has to send the name, which the first few do.</summary>
    internal bool IsNew() => used < 4 && Interlocked.Increment(ref used) <= 4;
}
