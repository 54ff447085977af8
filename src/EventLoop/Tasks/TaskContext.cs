using System.Runtime.CompilerServices;
using EventLoop.Cancellation;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>The context in which a task's code runs: what <c>await</c> captures, and where the scope around it is found.</summary>
internal class TaskContext(LoopCore core, LoopTask task) : LoopContext(core, task)
{
    internal LoopTask Task => Unsafe.As<LoopTask>(Owner!);

    /// <summary>The innermost scope that governs code in this context; for the task's outermost code, the scope that it inherited.</summary>
    internal virtual Scope? Scope => null;

    internal sealed override LoopCanceledException? TakeCancellation() => Task.TakeCancellation(this);

    internal sealed override void OnForeignWaitBegun() => Task.OnForeignWaitBegun(this);

    internal sealed override void OnBodyEnded(WaitNode body) => Task.OnBodyEnded(Unsafe.As<CoroutineBox>(body));
}

/// <summary>The context of a task's code inside one of its scopes, so that the scope travels with every await, whatever is awaited.</summary>
internal sealed class ScopedContext : TaskContext
{
    internal ScopedContext(LoopCore core, LoopTask task, Scope scope)
        : base(core, task)
    {
        Scope = scope;
        Attention = true;       // permanently: the scope answers at once
        ReportsWaits = true;
    }

    internal override Scope Scope { get; }

    /// <summary>Its places in <see cref="TaskScopes"/>; negative if it is in none.</summary>
    internal int Slot { get; set; } = -1;

    internal int WaitingSlot { get; set; } = -1;

    private protected override void OnWait() => Task.OwnScopes.NoteWait(this);
}
