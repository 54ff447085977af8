namespace EventLoop;

// The values of LoopLocal, which live as long as their loop.
public sealed partial class Loop
{
    /// <summary>Loop thread only.</summary>
    internal LoopLocals Locals { get; } = new();
}
