using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

// "Is this the thread of the loop, inside its run?" and "Which loop runs here?" are asked by every operation. A thread-static costs some twenty instructions
// and a call into the dynamic linker; a stack belongs to one thread, so the address of a local variable answers in three. Without it a yield takes 22 ns
// instead of 15, an await of an inner coroutine 54 instead of 47, a ping-pong through a queue twice as long. RuntimeTricks has the switch, StackProbe the
// proof.
internal abstract partial class LoopCore
{
    [ThreadStatic]
    private static LoopCore? running;

    // The loop whose run began last, on any thread: a guess, and nearly always right. Any thread.
    private static LoopCore? latest;

    // What is certainly left of the stack when the runtime calls it sufficient, halved. Deeper code uses the thread-static.
    private const int StackReach = 64 * 1024;

    // Enter and Run and their callers are above the mark, and no step is: one of its frames may begin a little above.
    private const int Above = 512;

    private nuint stackTop;      // of the run; zero, near which there are no addresses, if there is none. Read on any thread

    /// <summary>The loop that runs on this thread.</summary>
    internal static LoopCore? Running
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => latest is { IsSurelyHere: true } here ? here : running;
    }

    /// <summary>The loop that runs on this thread; throws where there is none.</summary>
    internal static LoopCore Required
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => latest is { IsSurelyHere: true } here ? here : running ?? Throw.NoRunningLoop();
    }

    /// <summary>Whether it runs, and this is its thread. False proves nothing: then <see cref="Running"/> has to be asked.</summary>
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

    private static readonly bool StacksAreComparable = RuntimeTricks.MayCompareStacks && StackProbe.Passes(Above, StackReach);

    /// <summary>Called when its run begins.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void NotePresence()
    {
        byte here;
        running = this;
        stackTop = StacksAreComparable && RuntimeHelpers.TryEnsureSufficientExecutionStack() ? (nuint)(&here) + Above : 0;
        latest = this;
    }

    /// <summary>Called when its run ends.</summary>
    private void ForgetPresence()
    {
        stackTop = 0;
        running = null;
        if (ReferenceEquals(latest, this))
        {
            latest = null;      // keeps no loop alive
        }
    }
}
