namespace EventLoop.Tasks;

/// <summary>Stands in the place of the exception where a task or future ended without one. Compare by reference.</summary>
internal sealed class EndMark
{
    internal static readonly EndMark Succeeded = new();

    /// <summary>Canceled, and nobody has asked for the exception yet.</summary>
    internal static readonly EndMark Canceled = new();

    private EndMark()
    {
    }
}
