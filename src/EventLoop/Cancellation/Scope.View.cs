using EventLoop.Tasks;

namespace EventLoop.Cancellation;

/// <summary>How strongly the level-triggered scopes around a place in the code are cancelled there.</summary>
internal enum CancelStrength : byte
{
    None,

    /// <summary>Every wait throws, except behind a shield.</summary>
    Cancelled,

    /// <summary>The grace period is over: shields no longer hold it off.</summary>
    BreaksShields,
}

// The place of a scope among the others, and what it sees from there. A scope keeps what it sees, so that a wait need not walk outwards; a change is passed on
// inwards, only as far as it has an effect, so that all cancellations in a nest together cost no more than its size. This is done by lists and links, never by
// recursion, and every step is O(1) whatever else there is: nests are as deep, and groups as large, as users make them.
internal sealed partial class Scope
{
    private Scope? firstNested;         // linked by their siblings, the youngest first
    private Scope? nextSibling;
    private Scope? previousSibling;
    private Scope jump;                 // an ancestor some way out, for FindOuter

    /// <summary>How deep in its host's own scopes; the outermost is 1.</summary>
    internal int Depth { get; private set; }

    // Cached until the host puts up or removes a shield around running code, then looked up again: toggling shields costs nothing but that look-up.
    private int shieldDepth;
    private int shieldDepthOf = -1;     // on the scale of TaskScopes.ShieldChanges

    /// <summary>The depth of the innermost shield of the same host at or around it; zero: none. It holds off what is further out.</summary>
    internal int ShieldDepth => shieldDepthOf == Host!.OwnScopes.ShieldChanges ? shieldDepth : FindShieldDepth();

    /// <summary>What it sees of level-triggered scopes, itself included.</summary>
    internal CancelStrength Strength { get; private set; }

    /// <summary>One of those that it sees, as the source of the reason.</summary>
    internal Scope? Cause { get; private set; }

    /// <summary>Whether its token has fired, or would have if anybody had asked for it: it is cancelled, or anything around it up to the next
    /// shield.</summary>
    internal bool TokenFired { get; private set; }

    /// <summary>For the scope of a group: the tasks that see what is around it.</summary>
    internal IReadOnlyCollection<LoopTask>? Heirs { get; init; }

    private bool IsOuterCancelled => ParentInTask is { } parent ? parent.TokenFired : Host is { IsTokenFired: true };

    internal ScopedContext? Inside => inner;

    internal bool IsInside(Scope scope) => scope.Depth <= Depth && ReferenceEquals(FindOuter(scope.Depth), scope);

    /// <summary>Whether an edge-triggered scope, at <paramref name="scope"/> or around this one, is held off by no shield here.</summary>
    internal bool Sees(Scope scope) => scope.Depth >= ShieldDepth && IsInside(scope);

    private void TakePlace()
    {
        var around = ParentInTask;
        Depth = around is null ? 1 : around.Depth + 1;

        // Skew-binary jump pointers: O(log n) steps between any two depths, derived from the scope around in O(1).
        jump = around is null ? this
            : around.Depth - around.jump.Depth == around.jump.Depth - around.jump.jump.Depth ? around.jump.jump
            : around;
        if (Parent is { } parent)
        {
            nextSibling = parent.firstNested;
            if (nextSibling is not null)
            {
                nextSibling.previousSibling = this;
            }

            parent.firstNested = this;
        }
    }

    // A scope that still has something inside, which outlives it, keeps its place until that has gone.
    private void GiveUpPlace()
    {
        for (var scope = this; scope is { left: true, firstNested: null, Parent: { } parent }; scope = parent)
        {
            if (scope.previousSibling is { } previous)
            {
                previous.nextSibling = scope.nextSibling;
            }
            else if (ReferenceEquals(parent.firstNested, scope))
            {
                parent.firstNested = scope.nextSibling;
            }

            if (scope.nextSibling is { } next)
            {
                next.previousSibling = scope.previousSibling;
            }

            scope.nextSibling = null;
            scope.previousSibling = null;
        }
    }

    // Outwards to the first scope that has a shield or knows the answer; all that were passed know it afterwards, too.
    private int FindShieldDepth()
    {
        int changes = Host!.OwnScopes.ShieldChanges;
        var known = this;
        while (known is { shield: false, ParentInTask: { } around } && known.shieldDepthOf != changes)
        {
            known = around;
        }

        int found = known.shield ? known.Depth : known.shieldDepthOf == changes ? known.shieldDepth : 0;
        for (var scope = this; ; scope = scope.Parent!)
        {
            scope.shieldDepth = found;
            scope.shieldDepthOf = changes;
            if (ReferenceEquals(scope, known))
            {
                return found;
            }
        }
    }

    private Scope FindOuter(int depth)
    {
        var scope = this;
        while (scope.Depth > depth)
        {
            scope = scope.jump.Depth >= depth ? scope.jump : scope.Parent!;
        }

        return scope;
    }

    /// <summary>The scopes that were entered inside it and are still open, directly or by what is inside them.</summary>
    internal NestedScopes Nested => new(firstNested);

    internal readonly struct NestedScopes(Scope? first)
    {
        public Enumerator GetEnumerator() => new(first);

        internal struct Enumerator(Scope? next)
        {
            private Scope? next = next;

            public Scope Current { get; private set; } = null!;

            public bool MoveNext()
            {
                if (next is null)
                {
                    return false;
                }

                Current = next;
                next = next.nextSibling;
                return true;
            }
        }
    }

    /// <summary>Looks outwards again. False: nothing has changed, so nothing changes further in.</summary>
    /// <param name="rose">Whether waits here see more than before.</param>
    /// <param name="fired">Whether its token is to fire.</param>
    internal bool Refresh(out bool rose, out bool fired)
    {
        var strength = Parent?.Strength ?? CancelStrength.None;
        var cause = Parent?.Cause;
        if (shield && strength < CancelStrength.BreaksShields)
        {
            strength = CancelStrength.None;
        }

        bool tokenFired = Cancelled || (shield ? strength != CancelStrength.None : IsOuterCancelled);
        if (Cancelled && level)
        {
            cause = this;
            strength = BreaksShields || strength == CancelStrength.BreaksShields ? CancelStrength.BreaksShields : CancelStrength.Cancelled;
        }

        rose = strength > Strength;
        fired = tokenFired && !TokenFired;
        bool changed = strength != Strength || tokenFired != TokenFired;
        if (!tokenFired && TokenFired)
        {
            RenewToken();
        }

        Strength = strength;
        Cause = strength == CancelStrength.None ? null : cause;
        TokenFired = tokenFired;
        return changed;
    }
}
