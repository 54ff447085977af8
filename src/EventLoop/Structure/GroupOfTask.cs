namespace EventLoop;

/// <summary>Finds the group that a task is a child of.</summary>
internal static class GroupOfTask
{
    extension(LoopTask task)
    {
        internal TaskGroup? Group => task.Owner as TaskGroup;
    }
}
