#if UNOPTIMIZED
namespace EventLoop.Tests.Foreign.Unoptimized;
#else
namespace EventLoop.Tests.Foreign.Optimized;
#endif

/// <summary>Every way to await a .NET task in a coroutine. Compiled twice: as a user's release build does, and as a debug build does.</summary>
public static class Awaits
{
    /// <summary>By what is awaited and how. Each ends as the task does.</summary>
    public static IReadOnlyDictionary<string, Func<Task<int>, Coroutine>> All { get; } = new Dictionary<string, Func<Task<int>, Coroutine>>
    {
        ["Task"] = Plain,
        ["Task<T>"] = Typed,
        ["Task.ConfigureAwait(false)"] = PlainConfigured,
        ["Task<T>.ConfigureAwait(false)"] = TypedConfigured,
        ["Task<T>.ConfigureAwait(true)"] = static async task => await task.ConfigureAwait(true),
        ["ConfigureAwaitOptions"] = static async task => await task.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext),
        ["ConfigureAwaitOptions.SuppressThrowing"] = static async task => await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing),
        ["Task<string>"] = static async task => await AsText(task),
        ["a generic method"] = static async task => await Generic(task),
        ["a generic method whose two types are one"] = static async task => await Two(Task.FromResult(1), task),
        ["a method with awaits of several kinds"] = Several,
        ["a loop"] = InALoop,
        ["an awaiter in a local variable"] = InALocal,
    };

    private static async Coroutine Plain(Task<int> task) => await (Task)task;

    private static async Coroutine Typed(Task<int> task) => GC.KeepAlive(await task);

    private static async Coroutine PlainConfigured(Task<int> task) => await ((Task)task).ConfigureAwait(false);

    private static async Coroutine TypedConfigured(Task<int> task) => GC.KeepAlive(await task.ConfigureAwait(false));

    private static async Coroutine<T> Generic<T>(Task<T> task) => await task;

    private static async Coroutine Two<T1, T2>(Task<T1> first, Task<T2> second)
    {
        await Later(first);
        await second;

        static async Task Later(Task<T1> task)
        {
            await Loop.Yield();
            await task;
        }
    }

    private static async Coroutine Several(Task<int> task)
    {
        await Task.Yield();
        await new ValueTask<int>(1);
        await Loop.Yield();
        await Task.CompletedTask.ConfigureAwait(false);
        string text = await AsText(Task.FromResult(1));
        GC.KeepAlive(text + await task);
    }

    private static async Coroutine InALoop(Task<int> task)
    {
        int sum = 0;
        for (int i = 0; i < 3; i++)
        {
            sum += await (i == 1 ? task : Task.FromResult(i));
        }

        GC.KeepAlive(sum);
    }

    // The compiler keeps it in a field of the same type as its own.
    private static async Coroutine InALocal(Task<int> task)
    {
        var awaiter = task.GetAwaiter();
        GC.KeepAlive(await task);
        GC.KeepAlive(awaiter.GetResult());
    }

    private static async Task<string> AsText(Task<int> task) => $"{await task}";
}
