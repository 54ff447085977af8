using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>
/// Work that is expected to be quick: what one turn of a loop requests, or what comes until a thread of the pool is free, is sent in one call, and nothing
/// waits for more. Any thread.
/// </summary>
/// <param name="loop">The loop whose work it is; null: that of all other threads.</param>
/// <param name="nextDoor">Chooses where it goes.</param>
internal sealed class QuickCalls(Loop? loop, Func<IWorkerGrain> nextDoor)
{
    private const int Most = 32;      // in one call

    private readonly Lock gate = new();
    private List<Piece> waiting = [];      // guarded by the gate

    /// <summary>Runs one piece of work.</summary>
    internal Task<WorkReply> Run(WorkRequest request, CancellationToken token)
    {
        var piece = new Piece(request, token);
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

    private void Send()
    {
        var all = TakeWaiting();
        all.RemoveAll(static piece => piece.Token.IsCancellationRequested && piece.Withdraw());
        for (int i = 0; i < all.Count; i += Most)
        {
            var pieces = all[i..Math.Min(i + Most, all.Count)].ToArray();
            _ = pieces.Length == 1 ? SendOne(pieces[0]) : SendMany(pieces);
        }
    }

    private async Task SendOne(Piece piece)
    {
        try
        {
            piece.SetReply(await nextDoor().Run(piece.Request, piece.Token).ConfigureAwait(false));
        }
        catch (Exception failure)
        {
            piece.SetException(failure);
        }
    }

    private async Task SendMany(Piece[] pieces)
    {
        try
        {
            var replies = await nextDoor().RunMany(Array.ConvertAll(pieces, static piece => piece.Request)).ConfigureAwait(false);
            for (int i = 0; i < pieces.Length; i++)
            {
                pieces[i].SetReply(replies[i]);
            }
        }
        catch (Exception failure)
        {
            foreach (var piece in pieces)
            {
                piece.SetException(failure);
            }
        }
    }

    private sealed class Piece(WorkRequest request, CancellationToken token)
    {
        private readonly TaskCompletionSource<WorkReply> ended = new();

        internal WorkRequest Request => request;

        internal CancellationToken Token => token;

        internal Task<WorkReply> Ended => ended.Task;

        internal bool Withdraw() => ended.TrySetCanceled(token);

        internal void SetReply(WorkReply reply) => ended.TrySetResult(reply);

        internal void SetException(Exception failure) => ended.TrySetException(failure);
    }
}
