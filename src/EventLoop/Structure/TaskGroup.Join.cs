using System.Runtime.ExceptionServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// Waiting for the children, and the outcome.
public sealed partial class TaskGroup
{
    private async Coroutine Join(Exception? bodyFailure)
    {
        Exception? cancellation = null;
        bool joined = false;
        AbortIfPending();
        switch (bodyFailure)
        {
            case null:
                break;
            case LoopExitException leave:
                exit ??= leave;
                Abort("the body asked to exit");
                break;
            case var canceled when IsAborting && scope.Absorbs(canceled):
                break;
            case var canceled when IsCancellation(canceled):
                cancellation = canceled;
                Abort("the task group was cancelled from outside");
                break;
            case var refused when IsAborting && scope.IsDue && IsRefusal(refused):
                break;
            default:
                AddFailure(bodyFailure);
                Abort("the body failed");
                break;
        }

        while (join.Children.Count > 0)
        {
            joined = true;
            try
            {
                await join;
            }
            catch (LoopCanceledException canceled)
            {
                cancellation = canceled;
                Abort("the task group was cancelled from outside");
            }
        }

        closed = true;
        scope.Leave();
        var core = scope.Core!;
        if (exit is not null)
        {
            ExceptionDispatchInfo.Throw(exit);
        }

        if (failures.Count > 0)
        {
            if (cancellation is not null)
            {
                scope.RearmOuter();      // the failures come first; the cancellation is delivered at the next wait
            }

            throw new AggregateException(Name is null ? "Tasks of a group failed." : $"Tasks of the group '{Name}' failed.", failures);
        }

        // Requests from outside while the join ignored them: there may be no wait after it.
        if (cancellation is null && joined && IsAborting && core.Current is { Attention: true } around)
        {
            cancellation = scope.Host!.TakeCancellation(around);
        }

        if (cancellation is not null)
        {
            ExceptionDispatchInfo.Throw(cancellation);
        }
    }

    private bool IsCancellation(Exception exception) =>
        exception is LoopCanceledException || (scope.IsCancelledAround && scope.Core!.Loop.IsCancellation(exception));

    /// <summary>Where the group waits for its children; it ignores cancellations once it has cancelled them.</summary>
    private sealed class GroupJoin(TaskGroup group) : WaitPoint, IAwaitsOthers
    {
        internal ChildList Children { get; } = new();

        // Asked from the child's side, because the set changes.
        bool IAwaitsOthers.Includes(LoopAwaitable awaited) => awaited is LoopTask task && ReferenceEquals(task.Owner, group);

        protected override bool IsReady => Children.Count == 0;

        protected override bool IsInterruptible => !group.IsAborting;

        public override string Describe(WaitNode node) =>
            $"task group{(group.Name is { } name ? $" '{name}'" : "")} ({Children.Count} {(Children.Count == 1 ? "child" : "children")})";

        public override WaitKind Kind => WaitKind.Group;

        public override object? Resource => group.scope;

        public override string? Gist => group.Name is { } name ? $"task group '{name}'" : "task group";

        // Another thread finds them from their own side, because the set changes.
        public override void CollectBlockers(WaitNode node, List<IStepOwner> blockers)
        {
            if (node.Context?.Core.IsInLoopThread == true)
            {
                blockers.AddRange(Children);
            }
        }

        internal void Remove(ChildContext child)
        {
            Children.Remove(child);
            group.OnChildEnded(child.Task);
            if (Children.Count == 0)
            {
                WakeWaiter();
            }
        }
    }
}
