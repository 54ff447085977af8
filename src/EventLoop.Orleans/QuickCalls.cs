using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>
/// Work that is expected to be quick: what one turn of a loop requests, or what comes until a thread of the pool is free, is sent in one call, and nothing
/// waits for more. Any thread.
/// </summary>
/// <param name="loop">The loop whose work it is; null: that of all other threads.</param>
/// <param name="dealer">Chooses where it goes.</param>
/// <param name="messages">How much goes together.</param>
internal sealed class QuickCalls(Loop? loop, SiloDealer dealer, MessageRoom messages)
{
    private const int Most = 32;      // in one call

    private readonly Lock gate = new();
    private List<Piece> waiting = [];      // guarded by the gate

    /// <summary>Sends one piece of work, with what else there is. What it was dealt is the caller's to give back.</summary>
    internal Task<QuickReply> Run(WorkRequest request, WorkPlace place, CancellationToken token)
    {
        var piece = new Piece(request, place, token);
        bool isFirst;
        lock (gate)
        {
            waiting.Add(piece);
            isFirst = waiting.Count == 1;
        }

        if (isFirst && loop is not null)
        {
            loop.CallSoon(static calls => calls.Send(), this);
        }
        else if (isFirst)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static calls => calls.Send(), this, preferLocal: false);
        }

        return piece.Ended;
    }

    /// <summary>The loop is closed: nothing is sent any more.</summary>
    internal void Withdraw()
    {
        foreach (var piece in TakeWaiting())
        {
            piece.Withdraw();
        }
    }

    private List<Piece> TakeWaiting()
    {
        lock (gate)
        {
            var taken = waiting;
            waiting = [];
            return taken;
        }
    }

    /// <summary>Sends what waits, which its loop may not come to.</summary>
    internal void Send()
    {
        var all = TakeWaiting();
        all.RemoveAll(static piece => piece.Token.IsCancellationRequested && piece.Withdraw());
        Send(all.FindAll(static piece => piece.Place == WorkPlace.Threads), WorkPlace.Threads);
        Send(all.FindAll(static piece => piece.Place == WorkPlace.Loop), WorkPlace.Loop);
    }

    private void Send(List<Piece> all, WorkPlace place)
    {
        int next;
        for (int i = 0; i < all.Count; i = next)
        {
            long bytes = 0;
            next = i;
            do
            {
                bytes += all[next++].Bytes;
            }
            while (next < all.Count && next - i < Most && messages.Holds(bytes + all[next].Bytes));

            _ = Send(all[i..next].ToArray(), place);
        }
    }

    private async Task Send(Piece[] pieces, WorkPlace place)
    {
        SiloDeal? deal = null;
        try
        {
            var dealt = await dealer.Deal(place, pieces.Length, SiloDealer.Unbounded, CancellationToken.None).ConfigureAwait(false);
            deal = dealt;
            WorkReply[] replies = pieces is [var one]
                ? [await dealt.Door.Run(one.Request, one.Token).ConfigureAwait(false)]
                : await dealt.Door.RunMany(Array.ConvertAll(pieces, static piece => piece.Request)).ConfigureAwait(false);
            for (int i = 0; i < pieces.Length; i++)
            {
                pieces[i].SetReply(replies[i], dealt);
            }
        }
        catch (Exception failure)
        {
            foreach (var piece in pieces)
            {
                piece.SetException(failure, deal);
            }
        }
    }

    private sealed class Piece(WorkRequest request, WorkPlace place, CancellationToken token)
    {
        private readonly TaskCompletionSource<QuickReply> ended = new();

        internal WorkRequest Request => request;

        internal WorkPlace Place => place;

        internal int Bytes => request.Argument.Length + MessageRoom.EachPiece;

        internal CancellationToken Token => token;

        internal Task<QuickReply> Ended => ended.Task;

        internal bool Withdraw() => ended.TrySetCanceled(token);

        internal void SetReply(WorkReply reply, SiloDeal deal) => ended.TrySetResult(new QuickReply(reply, null, deal));

        internal void SetException(Exception failure, SiloDeal? deal) => ended.TrySetResult(new QuickReply(null, failure, deal));
    }
}
