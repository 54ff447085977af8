using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Reporting;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// What a task tells about itself. Another thread reads it while the loop runs: nothing is stopped or locked, a field may change between two reads, and a node
// that has resumed may wait for another task. So what was found is compared with what is there at the end, and looked up again if it has moved.
public partial class LoopTask
{
    private const int MostLooks = 3;
    private const int DeepestOutsideLook = 10_000;     // of the methods of a stack: what another thread follows may be circular for a moment

    /// <summary>The state of the task. Any thread; on a thread other than the loop's it costs a walk through the ready queue.</summary>
    public LoopTaskStatus Status => EndStatus ?? (
        Core.IsInStep(this) ? LoopTaskStatus.Running
        : ParkedNode is not null && !Core.IsReady(this) ? LoopTaskStatus.Waiting
        : EndStatus ?? LoopTaskStatus.Ready);

    /// <summary>What it waits for, in words; null unless <see cref="LoopTaskStatus.Waiting"/>. Any thread.</summary>
    public string? WaitingOn => Status == LoopTaskStatus.Waiting
        ? Look(static (node, target) => target.Describe(node))
        : null;

    /// <summary>The task or future that it waits for, if it waits for one. Any thread.</summary>
    public LoopAwaitable? Awaiting => Look(static (_, target) => target switch
    {
        LoopAwaitable awaitable => awaitable,
        IAwaitsOthers shield => shield.Only,
        _ => null,
    });

    /// <summary>One of the nodes that it is parked on, preferably one that says what it waits for and not the wait for a .NET task around it.</summary>
    internal WaitNode? ParkedNode => ParkedAmong(CollectWaits());

    /// <summary>The same among waits that were collected before.</summary>
    internal static WaitNode? ParkedAmong(List<WaitNode> waits)
    {
        WaitNode? foreign = null;
        foreach (var node in waits)
        {
            switch (node.VisibleTarget)
            {
                case null:
                    break;
                case IAbandonable:
                    foreign = node;
                    break;
                default:
                    return node;
            }
        }

        return foreign;
    }

    /// <summary>The node by which it waits, or waited last, as far as that can be told: where its code stands.</summary>
    internal WaitNode? LatestWait => LatestAmong(CollectWaits());

    /// <summary>The same among waits that were collected before.</summary>
    internal WaitNode? LatestAmong(List<WaitNode> waits) =>
        IsCompleted ? null : ParkedAmong(waits) ?? Rare?.Scopes?.Innermost?.LastWait ?? context.LastWait;

    /// <summary>The names of the coroutine methods it is in, innermost first. Any thread; on threads other than the loop's at most the innermost ten
    /// thousand.</summary>
    public IReadOnlyList<string> GetStack()
    {
        bool here = Core.IsInLoopThread;
        var names = new List<string>();
        for (int look = 0; look < MostLooks; look++)
        {
            names.Clear();
            var innermost = LatestWait;
            for (var node = innermost; node is not null; node = (node as CoroutineBox)?.Awaiter)
            {
                if (!here && (names.Count == DeepestOutsideLook || !ReferenceEquals(node.Context?.Task, this)))
                {
                    break;
                }

                if (NameOf(node) is { } name)
                {
                    names.Add(name);
                }
            }

            if (here || ReferenceEquals(innermost, LatestWait))
            {
                break;
            }
        }

        return names;
    }

    /// <summary>The method that resumes there; null for those through which lambdas and tests are called.</summary>
    internal static string? NameOf(WaitNode node) => node switch
    {
        CoroutineBox { IsPlumbing: true } => null,
        CoroutineBox box => box.MethodName,
        ContinuationNode continuation => MethodNames.Readable(continuation.Method),
        _ => node.GetType().Name,
    };

    /// <summary>The context of its innermost code, as far as that can be told. Any thread.</summary>
    internal TaskContext InnermostContext => Rare?.Scopes?.Innermost ?? context;

    /// <summary>The nodes by which it waits.</summary>
    internal List<WaitNode> CollectWaits()
    {
        var waits = new List<WaitNode>();
        CollectWaits(waits);
        return waits;
    }

    internal void CollectWaits(List<WaitNode> waits)
    {
        context.CollectWaits(waits);
        Rare?.Scopes?.CollectWaits(waits);
    }

    /// <summary>Whether one of its current waits is for <paramref name="awaited"/>, alone or with others. For threads other than the loop's.</summary>
    internal bool SeemsToAwait(LoopAwaitable awaited)
    {
        foreach (var node in CollectWaits())
        {
            bool found = node.VisibleTarget switch
            {
                LoopAwaitable awaitable => ReferenceEquals(awaitable, awaited),
                IAwaitsOthers others => others.Includes(awaited),
                _ => false,
            };
            if (found && !awaited.IsCompleted && ReferenceEquals(node.Context?.Task, this))
            {
                return true;
            }
        }

        return false;
    }

    private LoopTaskStatus? EndStatus =>
        !IsCompleted ? null
        : IsCompletedSuccessfully ? LoopTaskStatus.RanToCompletion
        : IsFaulted ? LoopTaskStatus.Faulted
        : LoopTaskStatus.Canceled;

    // Tells something about its current wait. Null: it is in none, or changes too fast to be seen.
    private T? Look<T>(Func<WaitNode, IWaitTarget, T?> tell)
        where T : class
    {
        bool here = Core.IsInLoopThread;
        for (int look = 0; look < MostLooks && !IsCompleted; look++)
        {
            if (ParkedNode is not { } node)
            {
                return null;
            }

            if (node.VisibleTarget is not { } target)
            {
                continue;
            }

            T? told;
            try
            {
                told = tell(node, target);
            }
            catch (Exception) when (!here)
            {
                continue;      // it was dismantled while it was being read
            }

            if (ReferenceEquals(node.VisibleTarget, target) && ReferenceEquals(node.Context?.Task, this))
            {
                return told;
            }
        }

        return null;
    }
}
