namespace EventLoop.Samples.Testing;

/// <summary>Keeps what was loaded for a time; who asks while it is being loaded waits for the same load.</summary>
public sealed class ExpiringCache<TKey, TValue>(TimeSpan lifetime, Func<TKey, Coroutine<TValue>> load)
    where TKey : notnull
{
    private readonly Dictionary<TKey, (LoopTask<TValue> Value, TimeSpan Expires)> entries = [];

    public async Coroutine<TValue> GetAsync(TKey key)
    {
        var now = Loop.Current.Time;
        if (!entries.TryGetValue(key, out var entry) || entry.Expires <= now || entry.Value.IsFaulted || entry.Value.IsCanceled)
        {
            entry = (Loop.CreateTask(load(key), $"load {key}"), now + lifetime);
            entries[key] = entry;
        }

        return await Loop.Shield(entry.Value);
    }
}
