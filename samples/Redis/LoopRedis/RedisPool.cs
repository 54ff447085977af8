using EventLoop;

namespace Redis.LoopRedis;

/// <summary>A few connections for many users, one at a time each: for commands that block (<c>BLPOP</c>) or belong
/// together (<c>WATCH</c>, <c>MULTI</c>). All else shares one client.</summary>
/// <remarks>A connection that broke is not lent again: the next user gets a new one, so the pool recovers when its server comes back.</remarks>
internal sealed class RedisPool(string host, int port, int size) : IAsyncDisposable
{
    private readonly AsyncSemaphore free = new(size);
    private readonly Stack<RedisClient> idle = new();

    public int OpenCount { get; private set; }

    /// <summary>Lends a connection to <paramref name="use"/>; waits while all are lent, for as long as the scope around allows.</summary>
    public async Coroutine<T> UseAsync<T>(Func<RedisClient, Coroutine<T>> use)
    {
        using var place = await free.AcquireAsync();
        var client = await TakeAsync();
        bool isGood = false;
        try
        {
            var result = await use(client);
            isGood = true;
            return result;
        }
        catch (RedisException)
        {
            isGood = true;       // an answer like any other
            throw;
        }
        finally
        {
            // One whose user gave up in the middle may still be in a command: it is closed, and the server with it stops working on that.
            if (isGood && !client.IsBroken && client.WaitingCount == 0)
            {
                idle.Push(client);
            }
            else
            {
                OpenCount--;
                await CancelScope.Run(async _ => await client.DisposeAsync(), TimeSpan.FromSeconds(1), shield: true);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (idle.TryPop(out var client))
        {
            OpenCount--;
            await client.DisposeAsync();
        }
    }

    private async Coroutine<RedisClient> TakeAsync()
    {
        while (idle.TryPop(out var client))
        {
            if (!client.IsBroken)
            {
                return client;
            }

            OpenCount--;
            await client.DisposeAsync();
        }

        var fresh = await RedisClient.ConnectAsync(host, port);
        OpenCount++;
        return fresh;
    }
}
