namespace EventLoop.Samples.Testing;

/// <summary>An account whose balance lives in a store that takes its time.</summary>
public sealed class Account
{
    private readonly AsyncLock mutex = new();

    public decimal Balance { get; private set; }

    /// <summary>The planted bug: between the reading and the writing others may run, and what they wrote is lost.</summary>
    public async Coroutine DepositAsync(decimal amount)
    {
        decimal balance = Balance;
        await StoreAsync();
        Balance = balance + amount;
    }

    /// <summary>As it should be.</summary>
    public async Coroutine DepositSafelyAsync(decimal amount)
    {
        using (await mutex.AcquireAsync())
        {
            await DepositAsync(amount);
        }
    }

    /// <summary>Another planted bug: two transfers in opposite directions wait for each other's locks.</summary>
    public async Coroutine TransferAsync(Account to, decimal amount)
    {
        using (await mutex.AcquireAsync())
        {
            await StoreAsync();
            using (await to.mutex.AcquireAsync())
            {
                await DepositAsync(-amount);
                await to.DepositAsync(amount);
            }
        }
    }

    private static async Coroutine StoreAsync() => await Loop.Yield();
}
