namespace EventLoop.Tasks;

/// <summary>Whom a task belongs to from its beginning to its end, and who sees to its failure: a group. Loop thread only.</summary>
internal interface ITaskOwner
{
    /// <summary>Before the first step of <paramref name="child"/>, which joins it by <see cref="LoopTask.JoinOwner"/>.</summary>
    void Adopt(LoopTask child);
}
