namespace EventLoop.Tasks;

/// <summary>A wait for one or several tasks and futures which it does not own, or owns together. Any thread: only immutable state is read.</summary>
internal interface IAwaitsOthers
{
    /// <summary>The awaitable that it stands for; null where there are several.</summary>
    LoopAwaitable? Only => null;

    bool Includes(LoopAwaitable awaited);
}
