using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Names for what tasks wait for.</summary>
public static class NamedResources
{
    /// <summary>Gives a lock, queue, event, future... a name for snapshots and reports, as in <c>var orders = new AsyncLock().Named("orders");</c> Any
    /// thread.</summary>
    /// <typeparam name="T">The type of the object.</typeparam>
    /// <param name="resource">The object: a primitive, a future, either half of a channel, a connection, a scope. For a task it sets
    /// <see cref="LoopTask.Name"/>.</param>
    /// <param name="name">Replaces an earlier one.</param>
    /// <returns>The same object.</returns>
    /// <remarks>Costs nothing for objects that are not named; names are cut at 200 characters.</remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static T Named<T>(this T resource, string name)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(name);
        switch (resource)
        {
            case LoopTask task:
                Rename(task, ResourceNames.Cut(name));
                break;
            case INamed stands:
                ResourceNames.Set(stands.Resource, name);
                break;
            default:
                ResourceNames.Set(resource, name);
                break;
        }

        return resource;
    }

    private static void Rename(LoopTask task, string name)
    {
        if (task.Core.IsInLoopThread)
        {
            task.Name = name;
        }
        else if (!task.Loop.IsClosed)
        {
            task.Loop.Post(static given => given.task.Name = given.name, (task, name));
        }
    }
}
