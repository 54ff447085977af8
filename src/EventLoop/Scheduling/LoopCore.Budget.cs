using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

// How much one step may do before it yields to others, although it never had to wait.
internal abstract partial class LoopCore
{
    /// <summary>How many operations may complete at once in one step before a wait yields to others nevertheless (Tokio's budget).</summary>
    internal const int StepBudget = 128;

    // As many bytes take as much of the budget as an operation: two megabytes in one step.
    private const int BytesOfOne = 16 * 1024;

    private int budget;

    /// <summary>
    /// One completion that did not have to wait. True when the step may continue; false when it has used up its budget: then the caller reports "not
    /// complete", and <see cref="TryParkDeferred"/> sends the waiter once through the ready queue with its result.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool SpendBudget()
    {
        if (--budget > 0)
        {
            return true;
        }

        Deferred = true;
        return false;
    }

    /// <summary>Counts bytes that were received without a wait: many of them take as long as many operations.</summary>
    internal void SpendBudgetOn(int bytes) => budget -= bytes / BytesOfOne;
}
