using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>The context of a task's code.</summary>
internal class TaskContext(LoopCore core, LoopTask task) : LoopContext(core, task)
{
    internal new LoopTask Task => base.Task!;

    /// <summary>The innermost scope that governs code in this context: for the task's outermost code, whatever it inherited.</summary>
    internal virtual Scope? Scope => Task.InheritedScope;
}

/// <summary>The context of a task's code inside one of its scopes: so the scope, too, travels with every await, whatever is awaited.</summary>
internal sealed class ScopedContext(LoopCore core, LoopTask task, Scope scope) : TaskContext(core, task)
{
    internal override Scope? Scope { get; } = scope;
}
