namespace EventLoop;

/// <summary>Whose child a task is.</summary>
internal static class GroupOfTask
{
    extension(LoopTask task)
    {
        internal TaskGroup? Group => task.Owner as TaskGroup;
    }
}
