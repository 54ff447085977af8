namespace EventLoop.Orleans;

/// <summary>The silo that had a piece of work is gone, or cannot be reached. The work may have run, in part or to its end: only
/// <see cref="ClusterExecutor.Retry"/> runs it again.</summary>
public sealed class SiloLostException : Exception
{
    internal SiloLostException(string work, int attempts, Exception? innerException)
        : base($"The silo that had {work} is lost, or cannot be reached{(attempts > 1 ? $", and so were those of {attempts - 1} attempts before" : "")}. "
            + $"Whether the work was done is not known{(attempts == 1 ? "; Retry(...) would run it again elsewhere" : "")}.", innerException)
    {
        Work = work;
        Attempts = attempts;
    }

    /// <summary>The name of the method.</summary>
    public string Work { get; }

    /// <summary>How many times it was attempted.</summary>
    public int Attempts { get; }
}
