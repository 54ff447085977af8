using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

// "Is this the thread of the loop, inside its run?", asked by every operation that must not be used elsewhere. The answer by the thread-static costs some
// twenty instructions and a call into the dynamic linker; a stack belongs to one thread, so the address of a local variable answers it in three.
// A put into a queue costs a third less by it.
internal sealed partial class LoopCore
{
    // What is certainly left of the stack where the runtime calls it sufficient, halved. Code deeper than that asks the thread-static.
    private const int StackReach = 64 * 1024;

    // Enter and Run and whoever called them lie above the mark, and no step does: a frame of it may begin a little above.
    private const int Above = 512;

    private nuint stackTop;      // of the run; zero, from which no address is within reach, when there is none. Any thread reads it

    /// <summary>It runs, and this is its thread. False is no answer: then <see cref="Running"/> has to be asked.</summary>
    internal unsafe bool IsSurelyHere
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        [SkipLocalsInit]
        get
        {
            byte here;
            return stackTop - (nuint)(&here) < StackReach;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void NoteStack()
    {
        byte here;
        stackTop = RuntimeHelpers.TryEnsureSufficientExecutionStack() ? (nuint)(&here) + Above : 0;
    }

    private void ForgetStack() => stackTop = 0;
}
