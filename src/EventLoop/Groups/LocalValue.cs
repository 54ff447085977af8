namespace EventLoop.Groups;

/// <summary>The value of a <see cref="LoopLocal{T}"/> on one loop. Loop thread only.</summary>
/// <param name="key">Its <see cref="LoopLocal{T}"/>.</param>
/// <param name="locals">Those of the loop.</param>
internal sealed class LocalValue<T>(LoopLocal<T> key, LoopLocals locals) : ILocalValue
{
    private T? value;
    private bool isMade;
    private bool isBeingMade;
    private bool isTaken;      // to be disposed

    public object? Take()
    {
        isTaken = true;
        return value;
    }

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

        VerifyMayBeMade();
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
        if (!isMade || (isTaken && given is not null))
        {
            VerifyMayBeMade();
        }

        if (!isMade)
        {
            isMade = true;
            locals.NoteMade(key);
        }

        value = given;
    }

    // One that two values make for each other while they are disposed would never end.
    private void VerifyMayBeMade()
    {
        if (locals.IsDisposing)
        {
            throw new InvalidOperationException($"The loop disposes its loop-local values, and a LoopLocal<{typeof(T).Name}> without a value, or whose value "
                + "was disposed already, gets none any more. What a value needs for its disposal it asks for when it is made: that is disposed after it.");
        }
    }
}
