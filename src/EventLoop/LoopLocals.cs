namespace EventLoop;

/// <summary>A value that belongs to one loop.</summary>
internal interface ILocalValue
{
    /// <summary>The value; null while there is none.</summary>
    object? Made { get; }
}

/// <summary>The values that code keeps for each loop, by their keys. Loop thread only.</summary>
internal sealed class LoopLocals
{
    private readonly Dictionary<object, ILocalValue> values = new(ReferenceEqualityComparer.Instance);
    private readonly List<object> order = [];      // the keys of the values, in the order in which they were made

    internal bool IsEmpty => order.Count == 0;

    internal ILocalValue? Find(object key) => values.GetValueOrDefault(key);

    internal TValue Add<TValue>(object key, TValue value)
        where TValue : ILocalValue
    {
        values.Add(key, value);
        return value;
    }

    /// <summary>Notes that the value of a key was made, or given, for the first time.</summary>
    internal void NoteMade(object key) => order.Add(key);

    /// <summary>Removes and returns the value that was made last.</summary>
    internal object? TakeLast()
    {
        object key = order[^1];
        order.RemoveAt(order.Count - 1);
        values.Remove(key, out var last);
        return last!.Made;
    }
}
