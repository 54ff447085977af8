using System.Diagnostics;

namespace EventLoop.Scheduling;

// What holds between two turns; checked in debug builds.
internal abstract partial class LoopCore
{
    /// <summary>Asserts that the loop's state is touched on its thread.</summary>
    [Conditional("DEBUG")]
    internal void AssertThread() => Debug.Assert(IsInLoopThread, "The state of a loop is touched on its thread only.");

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        AssertThread();
        Debug.Assert(ReferenceEquals(Running, this), "The loop that turns is the one that runs on this thread.");
        Debug.Assert(next is null, "The trampoline has run what was put on it.");
        Debug.Assert(StartDepth == 0 && interruptedCount == 0, "No step stands inside another.");
        Debug.Assert(pendingThrow is null == ((leftovers & Leftovers.Exception) == 0), "What is to be thrown is marked among the leftovers.");
        Debug.Assert(!Deferred && pendingThrow is null, "A step takes what was left for it.");
        Debug.Assert(untaken >= 0, "No outcome is taken that was not left.");
        Ready.AssertInvariants();
    }
}
