using EventLoop.Cancellation;

namespace EventLoop.Tasks;

/// <summary>Owns a task from its beginning to its end and takes care of its failure: a group. Loop thread only.</summary>
internal interface ITaskOwner
{
    /// <summary>The scope that its children are in as a whole; null: none.</summary>
    Scope? ScopeOfChildren { get; }

    /// <summary>The task that waits for the children, for the live view.</summary>
    LoopTask? Waiter { get; }

    /// <summary>Called before the first step of a child.</summary>
    void Adopt(ChildContext child);

    /// <summary>Called inside the completion of a child, before those who await it are woken.</summary>
    void OnEnded(ChildContext child);
}
