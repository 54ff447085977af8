using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Names for what tasks wait for.</summary>
public static class NamedResources
{
    /// <summary>Gives a lock, queue, event, future... a name for snapshots and reports: <c>var orders
    /// = new AsyncLock().Named("orders");</c> Any thread.</summary>
    /// <typeparam name="T">The type of the object.</typeparam>
    /// <param name="resource">The object: a primitive, a future, either half of a channel, a connection, a
    /// scope. A task gets its <see cref="LoopTask.Name"/> so.</param>
    /// <param name="name">A later one takes the place of an earlier one.</param>
    /// <returns>The same object.</returns>
    /// <remarks>Costs nothing but for named objects; cut at 200 characters.</remarks>
    /// <exception cref="ArgumentNullException">Either is null.</exception>
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
