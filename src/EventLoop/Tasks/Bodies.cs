namespace EventLoop.Tasks;

/// <summary>Lambdas as coroutines: the lambda is called when the coroutine runs, in the task that it belongs to.</summary>
internal static class Bodies
{
    internal static Coroutine Run(Func<Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Call(body);

        static async Coroutine Call(Func<Coroutine> body) => await body();
    }

    internal static Coroutine<T> Run<T>(Func<Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Call(body);

        static async Coroutine<T> Call(Func<Coroutine<T>> body) => await body();
    }

    internal static Coroutine Run(Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Call(body);

        static async Coroutine Call(Func<Task> body) => await body();
    }

    internal static Coroutine<T> Run<T>(Func<Task<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Call(body);

        static async Coroutine<T> Call(Func<Task<T>> body) => await body();
    }

    /// <summary>A wait for a task that runs already.</summary>
    internal static Coroutine Await(Task task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.OnLoop();
    }

    /// <inheritdoc cref="Await(Task)"/>
    internal static Coroutine<T> Await<T>(Task<T> task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.OnLoop();
    }
}
