namespace EventLoop.Scheduling;

// What is deferred until everything that is ready now, and what follows from it at once, has had its step: the flush of a response that several steps write.
// It runs, raw, when the loop has nothing ready any more, and at the latest at the second look at the clock and the poller from now.
internal abstract partial class LoopCore
{
    private TurnEndList fresh;
    private TurnEndList aged;      // there was one look in between

    /// <summary>Runs <paramref name="item"/> when nothing is ready any more, or soon. Loop thread only; it must be in no other list.</summary>
    /// <param name="item">Runs no user code and never throws.</param>
    internal void AtEndOfTurn(LoopItem item) => fresh.Add(item);

    private bool HasTurnEnd => fresh.First is not null || aged.First is not null;

    private void EndTurn(bool all)
    {
        var (late, young) = (aged, fresh);
        aged = default;
        fresh = default;
        late.Run();
        if (all || Ready.Count == 0)
        {
            young.Run();
        }
        else
        {
            aged = young;
        }
    }

    private struct TurnEndList
    {
        internal LoopItem? First;
        private LoopItem? last;

        internal void Add(LoopItem item)
        {
            if (last is null)
            {
                First = item;
            }
            else
            {
                last.Next = item;
            }

            last = item;
        }

        internal readonly void Run()
        {
            var item = First;
            while (item is not null)
            {
                var following = item.Next;
                item.Next = null;
                item.Execute();
                item = following;
            }
        }
    }
}
