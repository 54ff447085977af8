using System.Runtime.CompilerServices;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// Starting tasks: on the running loop, on a given loop, from another thread.
public sealed partial class Loop
{
    /// <summary>The unfinished tasks of this loop, in creation order. Any thread.</summary>
    public IReadOnlyCollection<LoopTask> Tasks => Core.Tasks.Snapshot();

    /// <summary>Returns the unfinished tasks of the running loop, in creation order. asyncio: <c>all_tasks</c>.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static IReadOnlyCollection<LoopTask> AllTasks() => LoopCore.Required.Tasks.Snapshot();

    /// <summary>Starts a coroutine as a task of its own, whose first step runs in the next turn. asyncio: <c>create_task</c>.</summary>
    /// <param name="coroutine">A coroutine that has not started.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <param name="eager">Whether the first step runs inside this call. Null: as the loop's options say.</param>
    /// <returns>The task, to be awaited, cancelled, or left alone: the loop references it until it ends.</returns>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, or the coroutine has started already.</exception>
    public static LoopTask CreateTask(Coroutine coroutine, string? name = null, bool? eager = null)
    {
        var core = LoopCore.RequiredFor(coroutine);
        return LoopTask.Create(core, coroutine, name, eager ?? core.Loop.options.EagerTasks);
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, bool?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static LoopTask<T> CreateTask<T>(Coroutine<T> coroutine, string? name = null, bool? eager = null)
    {
        var core = LoopCore.RequiredFor(coroutine);
        return LoopTask<T>.Create(core, coroutine, name, eager ?? core.Loop.options.EagerTasks);
    }

    /// <inheritdoc cref="CreateTask(Coroutine, string?, bool?)"/>
    /// <param name="body">Called in the task's first step.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <param name="eager">Whether the first step runs inside this call. Null: as the loop's options say.</param>
    /// <example>
    /// <code>
    /// LoopTask ticker = Loop.CreateTask(async () =&gt;
    /// {
    ///     while (true)
    ///     {
    ///         await Loop.Sleep(TimeSpan.FromSeconds(1));
    ///         Console.WriteLine("tick");
    ///     }
    /// }, name: "ticker");
    ///
    /// await Loop.Sleep(TimeSpan.FromSeconds(5));
    /// ticker.Cancel();
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public static LoopTask CreateTask(Func<Coroutine> body, string? name = null, bool? eager = null) => CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public static LoopTask<T> CreateTask<T>(Func<Coroutine<T>> body, string? name = null, bool? eager = null) =>
        CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    public static LoopTask CreateTask(Func<Task> body, string? name = null, bool? eager = null) => CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <inheritdoc cref="CreateTask(Func{Coroutine}, string?, bool?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static LoopTask<T> CreateTask<T>(Func<Task<T>> body, string? name = null, bool? eager = null) =>
        CreateTask(DeferredCoroutine.Run(body), name, eager);

    /// <summary>Starts a task that nobody will await: there is no handle and no warning CS4014, and a failure goes to the exception handler at once.</summary>
    /// <param name="coroutine">A coroutine that has not started.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, or the coroutine has started already.</exception>
    public static void StartSoon(Coroutine coroutine, string? name = null)
    {
        var core = LoopCore.RequiredFor(coroutine);
        LoopTask.Create(core, coroutine, name, core.Loop.options.EagerTasks, detached: true);
    }

    /// <inheritdoc cref="StartSoon(Coroutine, string?)"/>
    /// <param name="body">Called in the task's first step.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    [OverloadResolutionPriority(1)]
    public static void StartSoon(Func<Coroutine> body, string? name = null) => StartSoon(DeferredCoroutine.Run(body), name);

    /// <inheritdoc cref="StartSoon(Func{Coroutine}, string?)"/>
    public static void StartSoon(Func<Task> body, string? name = null) => StartSoon(DeferredCoroutine.Run(body), name);

    /// <summary>Starts a task on this loop, which need not be running yet: from inside it, or from the thread that it belongs to.</summary>
    /// <param name="coroutine">A coroutine that has not started.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <returns>The task.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread; use <see cref="Submit(Func{Coroutine}, CancellationToken)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public LoopTask Spawn(Coroutine coroutine, string? name = null)
    {
        VerifyOpen(nameof(Spawn), coroutine);
        return LoopTask.Create(Core, coroutine, name, options.EagerTasks && ReferenceEquals(LoopCore.Running, Core));
    }

    /// <inheritdoc cref="Spawn(Coroutine, string?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public LoopTask<T> Spawn<T>(Coroutine<T> coroutine, string? name = null)
    {
        VerifyOpen(nameof(Spawn), coroutine);
        return LoopTask<T>.Create(Core, coroutine, name, options.EagerTasks && ReferenceEquals(LoopCore.Running, Core));
    }

    /// <inheritdoc cref="Spawn(Coroutine, string?)"/>
    /// <param name="body">Called in the task's first step.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    [OverloadResolutionPriority(1)]
    public LoopTask Spawn(Func<Coroutine> body, string? name = null) => Spawn(DeferredCoroutine.Run(body), name);

    /// <inheritdoc cref="Spawn(Func{Coroutine}, string?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public LoopTask<T> Spawn<T>(Func<Coroutine<T>> body, string? name = null) => Spawn(DeferredCoroutine.Run(body), name);

    /// <inheritdoc cref="Spawn(Func{Coroutine}, string?)"/>
    public LoopTask Spawn(Func<Task> body, string? name = null) => Spawn(DeferredCoroutine.Run(body), name);

    /// <inheritdoc cref="Spawn(Func{Coroutine}, string?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public LoopTask<T> Spawn<T>(Func<Task<T>> body, string? name = null) => Spawn(DeferredCoroutine.Run(body), name);
}
