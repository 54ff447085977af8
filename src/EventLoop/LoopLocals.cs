namespace EventLoop;

/// <summary>A value that belongs to one loop.</summary>
internal interface ILocalValue
{
    /// <summary>Null: there is none yet.</summary>
    object? Made { get; }
}

/// <summary>What code keeps for each loop, by whoever knows it there. Loop thread only.</summary>
internal sealed class LoopLocals
{
    private readonly Dictionary<object, ILocalValue> values = new(ReferenceEqualityComparer.Instance);
    private readonly List<object> order = [];      // the keys

    internal bool IsEmpty => order.Count == 0;

    internal ILocalValue? Find(object key) => values.GetValueOrDefault(key);

    internal TValue Add<TValue>(object key, TValue value)
        where TValue : ILocalValue
    {
        values.Add(key, value);
        order.Add(key);
        return value;
    }

    /// <summary>Takes out the one that was added last.</summary>
    internal object? TakeLast()
    {
        object key = order[^1];
        order.RemoveAt(order.Count - 1);
        values.Remove(key, out var last);
        return last!.Made;
    }
}
