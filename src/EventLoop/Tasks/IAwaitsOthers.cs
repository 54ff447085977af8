namespace EventLoop.Tasks;

/// <summary>A wait that stands for one or several tasks and futures which it does not own, or owns
/// together. Any thread: only what never changes is read.</summary>
internal interface IAwaitsOthers
{
    /// <summary>The one that it stands for; null where there are several.</summary>
    LoopAwaitable? Only => null;

    bool Includes(LoopAwaitable awaited);
}
