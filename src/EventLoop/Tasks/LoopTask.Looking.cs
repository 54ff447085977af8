using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Reporting;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// What a task tells of itself. From another thread it is read while the loop runs: nothing is stopped or locked, a field may change between two looks at it,
// and a node, once it has gone on, may wait for another task. So what was found is compared with what is there at the end, and looked at anew if it has moved.
public partial class LoopTask
{
    private const int MostLooks = 3;
    private const int DeepestOutsideLook = 10_000;     // of the methods of a stack: what another thread follows may lead in a circle for a moment

    /// <summary>Where it stands; any thread may ask. From another thread than the loop's it costs a look through the ready queue.</summary>
    public LoopTaskStatus Status => EndStatus ?? (
        Core.IsInStep(this) ? LoopTaskStatus.Running
        : ParkedNode is not null && !Core.IsReady(this) ? LoopTaskStatus.Waiting
        : EndStatus ?? LoopTaskStatus.Ready);

    /// <summary>What it waits for now, in words; null unless <see cref="LoopTaskStatus.Waiting"/>. Any thread may ask.</summary>
    public string? WaitingOn => Status == LoopTaskStatus.Waiting
        ? Look(static (node, target) => target.Describe(node))
        : null;

    /// <summary>The task or future that it waits for, where it is one. Any thread may ask.</summary>
    public LoopAwaitable? Awaiting => Look(static (_, target) => target switch
    {
        LoopAwaitable awaitable => awaitable,
        IAwaitsOthers shield => shield.Only,
        _ => null,
    });

    /// <summary>One of the nodes that it is parked on: rather one that says what it waits for than the wait for a .NET task around it.</summary>
    internal WaitNode? ParkedNode => ParkedAmong(CollectWaits());

    /// <summary>The same of those that were collected.</summary>
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

    /// <summary>The node by which it waits, or has waited last, as far as that can be told: where its code stands.</summary>
    internal WaitNode? LatestWait => LatestAmong(CollectWaits());

    /// <summary>The same where its waits were collected.</summary>
    internal WaitNode? LatestAmong(List<WaitNode> waits) =>
        IsCompleted ? null : ParkedAmong(waits) ?? Rare?.Scopes?.Innermost?.LastWait ?? context.LastWait;

    /// <summary>The coroutine methods it is in, innermost first; names only. Any thread may ask; from any
    /// thread but the loop's at most the innermost ten thousand.</summary>
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

    /// <summary>The method that resumes there; null: one through which lambdas and tests are called.</summary>
    internal static string? NameOf(WaitNode node) => node switch
    {
        CoroutineBox { IsPlumbing: true } => null,
        CoroutineBox box => box.MethodName,
        ContinuationNode continuation => MethodNames.Readable(continuation.Method),
        _ => node.GetType().Name,
    };

    /// <summary>Where its innermost code stands, as far as that can be told. Any thread.</summary>
    internal TaskContext InnermostContext => Rare?.Scopes?.Innermost ?? context;

    /// <summary>The nodes by which it waits now.</summary>
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

    /// <summary>By a wait that it is in now it waits for <paramref name="awaited"/>, alone or with others. For other threads than the loop's.</summary>
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

    // What is said of the wait that it is in. Null: it is in none, or moves too fast to be seen.
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
                continue;      // it was taken apart under the reader's eyes
            }

            if (ReferenceEquals(node.VisibleTarget, target) && ReferenceEquals(node.Context?.Task, this))
            {
                return told;
            }
        }

        return null;
    }
}
