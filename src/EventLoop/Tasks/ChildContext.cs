using EventLoop.Cancellation;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>The outermost context of a task that has an owner. It is also the task's place among the owner's children, so that a child needs nothing else to
/// be one.</summary>
internal sealed class ChildContext : TaskContext, IListNode<ChildContext>
{
    internal ChildContext(LoopCore core, LoopTask task, ITaskOwner parent)
        : base(core, task)
    {
        Parent = parent;
        Scope = parent.ScopeOfChildren;
        Attention = Scope is not null;       // it may be cancelled already; a check in vain clears the flag
    }

    internal ITaskOwner Parent { get; }

    /// <summary>The innermost scope of the task that started it, in which it is as a whole.</summary>
    internal override Scope? Scope { get; }

    // Its neighbours in ChildList.
    ChildContext? IListNode<ChildContext>.Previous { get; set; }

    ChildContext? IListNode<ChildContext>.Following { get; set; }

    internal ChildContext? Next => ((IListNode<ChildContext>)this).Following;
}
