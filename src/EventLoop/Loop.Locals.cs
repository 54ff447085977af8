namespace EventLoop;

// The values of LoopLocal, which end with their loop.
public sealed partial class Loop
{
    /// <summary>Loop thread only.</summary>
    internal LoopLocals Locals { get; } = new();
}
