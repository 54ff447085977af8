using System.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Cancellation;

/// <summary>The scopes that a task is in: in one of its flows, or in several at once.</summary>
/// <remarks>
/// Every question is answered in the fewer steps of two ways, through the nest or through the list: a task may be in ten thousand nested scopes, or have ten
/// thousand flows with a scope each. Loop thread only, except <see cref="CollectWaits"/>.
/// </remarks>
internal sealed class TaskScopes(LoopTask task)
{
    // Dense: the last one takes the place of one that leaves. Other threads read it as they read the TaskTable: backwards, while contexts only move downwards.
    private ScopedContext?[] contexts = new ScopedContext?[2];
    private int count;

    // Dense as well: contexts that wait, or did when they were looked at last.
    private ScopedContext?[] waiting = [];
    private int waitingCount;

    // Cancelled edge-triggered scopes: those that are not delivered yet, and those that are, in the order of their deliveries.
    private LinkedList<Scope>? due;
    private LinkedList<Scope>? delivered;
    private List<Scope>? overdue;
    private bool requested = task.IsTokenFired;      // what the tokens of the scopes were last notified of

    /// <summary>How many times a shield was put up or removed around code that was running already.</summary>
    internal int ShieldChanges { get; set; }

    internal void Add(ScopedContext context)
    {
        if (count == contexts.Length)
        {
            Volatile.Write(ref contexts, Larger(contexts));
        }

        context.Slot = count;
        Volatile.Write(ref contexts[count++], context);
        AssertInvariants();
    }

    internal void Remove(ScopedContext context)
    {
        NoteRest(context);
        var last = contexts[--count]!;
        last.Slot = context.Slot;
        Volatile.Write(ref contexts[last.Slot], last);
        Volatile.Write(ref contexts[count], null);
        context.Slot = -1;
        AssertInvariants();
    }

    /// <summary>A request that was taken back is none that was there before those scopes: the next one counts as later.</summary>
    internal void NoteTakenBack(int requests)
    {
        for (int i = 0; i < count; i++)
        {
            contexts[i]!.Scope.NoteTakenBack(requests);
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(task.Core.IsInLoopThread, "Scopes are entered and left on the thread of their loop.");
        Debug.Assert(count >= 0 && count <= contexts.Length && waitingCount <= count, "Nobody waits who is in no scope.");
        Debug.Assert(count == 0 || contexts[count - 1] is { } latest && latest.Slot == count - 1, "A context knows its place.");
        Debug.Assert(count == contexts.Length || contexts[count] is null, "The places behind the last are empty.");
        Debug.Assert(waitingCount == 0 || waiting[waitingCount - 1]!.WaitingSlot == waitingCount - 1, "One that waits knows its place.");
    }

    internal void NoteWait(ScopedContext context)
    {
        if (context is { Slot: >= 0, WaitingSlot: < 0 })
        {
            if (waitingCount == waiting.Length)
            {
                waiting = Larger(waiting);
            }

            context.WaitingSlot = waitingCount;
            waiting[waitingCount++] = context;
        }
    }

    private void NoteRest(ScopedContext context)
    {
        if (context.WaitingSlot >= 0)
        {
            var last = waiting[--waitingCount]!;
            last.WaitingSlot = context.WaitingSlot;
            waiting[last.WaitingSlot] = last;
            waiting[waitingCount] = null;
            context.WaitingSlot = -1;
        }
    }

    private static ScopedContext?[] Larger(ScopedContext?[] table)
    {
        var larger = new ScopedContext?[Math.Max(2, table.Length * 2)];
        table.CopyTo(larger, 0);
        return larger;
    }

    /// <summary>Collects the nodes that wait; one may be included twice. Any thread.</summary>
    internal void CollectWaits(List<WaitNode> waits)
    {
        var all = Volatile.Read(ref contexts);
        for (int i = all.Length - 1; i >= 0; i--)
        {
            Volatile.Read(ref all[i])?.CollectWaits(waits);
        }
    }

    /// <summary>The deepest context; where several flows are in scopes, that of one of them. Any thread.</summary>
    internal ScopedContext? Innermost
    {
        get
        {
            ScopedContext? innermost = null;
            var all = Volatile.Read(ref contexts);
            for (int i = all.Length - 1; i >= 0; i--)
            {
                if (Volatile.Read(ref all[i]) is { } context && !(innermost?.Scope.Depth >= context.Scope.Depth))
                {
                    innermost = context;
                }
            }

            return innermost;
        }
    }

    /// <summary>Collects the contexts that wait at or inside <paramref name="scope"/>; null: all of them.</summary>
    internal void CollectInside(Scope? scope, List<TaskContext> into)
    {
        if (waitingCount > 0 && (scope is null || !TryCollectDownwards(scope, into)))
        {
            for (int i = 0; i < waitingCount;)
            {
                var context = waiting[i]!;
                if (!context.Waits)
                {
                    NoteRest(context);
                    context.ForgetWaits();
                    continue;
                }

                if (scope is null || context.Scope.IsInside(scope))
                {
                    into.Add(context);
                }

                i++;
            }
        }
    }

    // False if that takes more steps than looking at all that wait.
    private bool TryCollectDownwards(Scope scope, List<TaskContext> into)
    {
        int steps = waitingCount;
        int before = into.Count;
        var next = new Stack<Scope>();
        next.Push(scope);
        while (next.TryPop(out var here))
        {
            if (here.Inside is { Waits: true } inside)
            {
                into.Add(inside);
            }

            foreach (var nested in here.Nested)
            {
                if (--steps <= 0)
                {
                    into.RemoveRange(before, into.Count - before);
                    return false;
                }

                if (ReferenceEquals(nested.Host, task))
                {
                    next.Push(nested);
                }
            }
        }

        return true;
    }

    // ---- Cancelled edge-triggered scopes

    internal bool HasDue => due is { Count: > 0 };

    internal void NoteDue(Scope edge) => edge.CancelledPlace = (due ??= new()).AddLast(edge);

    internal static void Forget(Scope edge)
    {
        if (edge.CancelledPlace is { List: { } list } place)
        {
            list.Remove(place);
        }
    }

    internal void MarkDelivered(Scope edge)
    {
        var place = edge.CancelledPlace!;
        due!.Remove(place);
        (delivered ??= new()).AddLast(place);
        edge.NoteDelivery(++task.Core.Deliveries);
    }

    /// <summary>The innermost one for which code in <paramref name="from"/> has to be interrupted.</summary>
    internal Scope? FindDue(Scope from) => FindInnermost(from, long.MaxValue);

    /// <summary>The innermost one that code in <paramref name="from"/> sees and that was not delivered before <paramref name="since"/>.</summary>
    internal Scope? FindEdge(Scope from, long since) => FindInnermost(from, since);

    // One step outwards and one along the lists in turn, until either way has the answer: outwards at the first match, along the lists at their end.
    private Scope? FindInnermost(Scope from, long since)
    {
        Scope? innermost = null;
        var place = due?.Last ?? delivered?.Last;
        for (var scope = from; scope is not null && scope.Depth >= from.ShieldDepth; scope = scope.ParentInTask)
        {
            if (place is null || (place.Value.DeliveredAt != 0 && place.Value.DeliveredAt <= since))
            {
                return innermost;
            }

            if (scope.IsDueSince(since))
            {
                return scope;
            }

            if (from.Sees(place.Value) && !(innermost?.Depth > place.Value.Depth))
            {
                innermost = place.Value;
            }

            place = place.Previous ?? (place.List == due ? delivered?.Last : null);
        }

        return null;
    }

    /// <summary>Notes that code in <paramref name="from"/> was interrupted for everything that it sees.</summary>
    internal void MarkSeenDelivered(Scope from)
    {
        foreach (var edge in DueFor(from))
        {
            if (edge.IsDue)
            {
                MarkDelivered(edge);
            }
        }
    }

    private List<Scope> DueFor(Scope from)
    {
        if (due is null or { Count: 0 })
        {
            return Nothing;
        }

        if (due.Count < from.Depth)
        {
            return [.. due.Where(from.Sees)];
        }

        var found = new List<Scope>();
        for (var scope = from; scope is not null && scope.Depth >= from.ShieldDepth; scope = scope.ParentInTask)
        {
            if (scope.IsDue)
            {
                found.Add(scope);
            }
        }

        return found;
    }

    private static readonly List<Scope> Nothing = [];

    /// <summary>Puts back what was delivered to code in <paramref name="from"/> since then: it is delivered again at the next wait.</summary>
    internal void Rearm(Scope from, long since)
    {
        for (var place = delivered?.Last; place is not null && place.Value.DeliveredAt > since;)
        {
            var earlier = place.Previous;
            if (from.Sees(place.Value))
            {
                delivered!.Remove(place);
                (due ??= new()).AddLast(place);
                place.Value.NoteDelivery(0);
            }

            place = earlier;
        }
    }

    // ---- Deadlines that were moved into the past

    internal void NoteOverdue(Scope scope) => (overdue ??= []).Add(scope);

    internal bool HasOverdue => overdue is { Count: > 0 };

    internal void ExpireOverdue()
    {
        if (overdue is { Count: > 0 } scopes)
        {
            overdue = null;
            foreach (var scope in scopes)
            {
                scope.ExpireIfOverdue();
            }
        }
    }

    // ---- Tokens

    /// <summary>Passes on to the tokens of its scopes that requests for the task have come, or were taken back.</summary>
    internal void SpreadRequests()
    {
        if (task.IsTokenFired == requested)
        {
            return;
        }

        requested = !requested;
        var outermost = new List<Scope>();
        for (int i = 0; i < count; i++)
        {
            if (contexts[i]!.Scope is { Depth: 1 } scope)
            {
                outermost.Add(scope);
            }
        }

        foreach (var scope in outermost)
        {
            scope.Spread(interrupts: false);
        }
    }
}
