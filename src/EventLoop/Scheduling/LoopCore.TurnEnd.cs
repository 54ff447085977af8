namespace EventLoop.Scheduling;

// What is put off until everything that is ready now, and what follows from it at once, has had its step: the flush of an answer that several steps write.
// It runs before the next look at the clock and the poller, raw, behind at most LookInterval steps and one batch.
internal abstract partial class LoopCore
{
    private LoopItem? turnEndFirst;
    private LoopItem? turnEndLast;

    /// <summary>Has <paramref name="item"/> run before the loop looks at its poller again. Loop thread only; it stands in no other list.</summary>
    /// <param name="item">Runs no user code and never throws.</param>
    internal void AtEndOfTurn(LoopItem item)
    {
        if (turnEndLast is null)
        {
            turnEndFirst = item;
        }
        else
        {
            turnEndLast.Next = item;
        }

        turnEndLast = item;
    }

    private bool HasTurnEnd => turnEndFirst is not null;

    private void EndTurn()
    {
        var item = turnEndFirst;
        turnEndFirst = turnEndLast = null;
        while (item is not null)
        {
            var following = item.Next;
            item.Next = null;
            item.Execute();
            item = following;
        }
    }
}
