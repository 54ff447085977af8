namespace EventLoop.Tasks;

/// <summary>Owns a task from its beginning to its end and takes care of its failure: a group. Loop thread only.</summary>
internal interface ITaskOwner
{
    /// <summary>Called before the first step of <paramref name="child"/>, which joins by <see cref="LoopTask.JoinOwner"/>.</summary>
    void Adopt(LoopTask child);
}
