namespace EventLoop.Tasks;

/// <summary>Stands in place of an exception where a task or future ended without one. Compared by reference.</summary>
internal sealed class EndMark
{
    internal static readonly EndMark Succeeded = new();

    /// <summary>Canceled, and nobody has asked for the exception yet.</summary>
    internal static readonly EndMark Canceled = new();

    private EndMark()
    {
    }
}
