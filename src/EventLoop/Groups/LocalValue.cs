namespace EventLoop.Groups;

/// <summary>The value of a <see cref="LoopLocal{T}"/> on one loop. Loop thread only.</summary>
/// <param name="key">Its <see cref="LoopLocal{T}"/>.</param>
/// <param name="locals">Those of the loop.</param>
internal sealed class LocalValue<T>(LoopLocal<T> key, LoopLocals locals) : ILocalValue
{
    private T? value;
    private bool isMade;
    private bool isBeingMade;

    public object? Made => isMade ? value : null;

    internal T Get(Func<T> factory)
    {
        if (isMade)
        {
            return value!;
        }

        if (isBeingMade)
        {
            throw new InvalidOperationException($"The factory of a LoopLocal<{typeof(T).Name}> asks for the value that it is to make. Make it without, or "
                + "set Value first.");
        }

        isBeingMade = true;
        try
        {
            Set(factory());
        }
        finally
        {
            isBeingMade = false;
        }

        return value!;
    }

    internal void Set(T given)
    {
        value = given;
        if (!isMade)
        {
            isMade = true;
            locals.NoteMade(key);
        }
    }
}
