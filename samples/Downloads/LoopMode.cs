using EventLoop;

namespace Downloads;

/// <summary>
/// On the loop: as many coroutines as pages may be under way, all on one thread. A waiting coroutine is an object, not a thread.
/// With the handler of <c>LoopHttp</c> the loop reads and writes the client's connections, too; nothing else changes.
/// </summary>
internal sealed class LoopMode(Errand errand)
{
    // Workers take from it, one thread runs them all: an ordinary queue will do.
    private readonly Queue<(Page Page, LoopFuture<Arrival> Arrival)> _orders = new();

    public static void Run(Errand errand) => Loop.Run(new LoopMode(errand).FetchAllAsync);

    private Coroutine FetchAllAsync() => TaskGroup.Run(async group =>
    {
        foreach (Page page in errand.Pages)
            _orders.Enqueue((page, Loop.Current.CreateFuture<Arrival>()));
        LoopFuture<Arrival>[] arrivals = [.. _orders.Select(order => order.Arrival)];

        for (int worker = 1; worker <= errand.Concurrency; worker++)
            group.StartSoon(WorkAsync(), $"worker {worker}");
        LoopTask? progress = errand.Shown ? group.CreateTask(new Progress(errand).ShowAsync(), "progress") : null;

        await foreach (LoopFuture<Arrival> arrival in Loop.AsCompleted(arrivals))
            errand.Tally.Count(await arrival);

        progress?.Cancel("all have arrived");
    });

    private async Coroutine WorkAsync()
    {
        while (_orders.TryDequeue(out var order))
            order.Arrival.SetResult(await FetchAsync(order.Page));
    }

    // HttpClient and File are used as they are. Wherever their tasks complete, this method goes on here, on the loop's thread.
    // The token makes Ctrl-C reach into them.
    private async Coroutine<Arrival> FetchAsync(Page page)
    {
        CancellationToken cancelled = Loop.CancellationToken;
        try
        {
            byte[] body = await errand.Http.GetByteArrayAsync(page.Address, cancelled);
            await File.WriteAllBytesAsync(errand.FileFor(page), body, cancelled);
            return Arrival.Of(page, body.Length);
        }
        catch (Exception failure) when (Arrival.IsProblem(failure))
        {
            return Arrival.Failed(page, failure);
        }
    }
}
