namespace EventLoop;

/// <summary>A value that belongs to one loop.</summary>
internal interface ILocalValue
{
    /// <summary>Takes the value, which was made, to dispose it: another is refused from now on.</summary>
    object? Take();
}

/// <summary>The values that code keeps for each loop, by their keys. Loop thread only.</summary>
internal sealed class LoopLocals
{
    private readonly Dictionary<object, ILocalValue> values = new(ReferenceEqualityComparer.Instance);
    private readonly List<object> order = [];      // the keys of the values, in the order in which they were made

    internal bool IsEmpty => order.Count == 0;

    /// <summary>Whether values are being disposed, and so none are made.</summary>
    internal bool IsDisposing { get; set; }

    internal ILocalValue? Find(object key) => values.GetValueOrDefault(key);

    internal TValue Add<TValue>(object key, TValue value)
        where TValue : ILocalValue
    {
        values.Add(key, value);
        return value;
    }

    /// <summary>Notes that the value of a key was made, or given, for the first time.</summary>
    internal void NoteMade(object key) => order.Add(key);

    /// <summary>Takes the value that was made last, to dispose it once; its key still finds it.</summary>
    /// <returns>Its key.</returns>
    internal object TakeLast(out object? value)
    {
        object key = order[^1];
        order.RemoveAt(order.Count - 1);
        value = values[key].Take();
        return key;
    }

    /// <summary>Forgets a value that was disposed.</summary>
    internal void Remove(object key) => values.Remove(key);
}
