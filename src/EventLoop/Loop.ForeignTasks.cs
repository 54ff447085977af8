using EventLoop.Foreign;

namespace EventLoop;

// .NET tasks in place of coroutines. None of these members can cancel them: a wait that is given up leaves the task alone, and a failure that comes later
// counts as retrieved.
public sealed partial class Loop
{
    /// <summary>Makes a task of the loop that waits for a .NET task and ends as that does.</summary>
    /// <param name="task">Already running, and left alone when the new task is cancelled. To run a method inside the new task, pass the method:
    /// <c>CreateTask(() => FetchAsync())</c>.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <param name="eager">Whether the first step runs inside this call. Null: as the loop's options say.</param>
    /// <returns>The task of the loop.</returns>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static LoopTask CreateTask(Task task, string? name = null, bool? eager = null) => CreateTask(ForeignTask.Wait(task), name, eager);

    /// <inheritdoc cref="CreateTask(Task, string?, bool?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static LoopTask<T> CreateTask<T>(Task<T> task, string? name = null, bool? eager = null) => CreateTask(ForeignTask.Wait(task), name, eager);

    /// <summary>Observes a .NET task that nobody will await: a failure goes to the exception handler at once.</summary>
    /// <param name="task">Already running; left alone when the loop ends.</param>
    /// <param name="name">Null: a default such as "Task-7".</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static void StartSoon(Task task, string? name = null) => StartSoon(ForeignTask.Wait(task), name);

    /// <summary>Waits for a .NET task, with a deadline. asyncio: <c>wait_for</c>.</summary>
    /// <param name="work">Left alone when the time has elapsed: .NET tasks cannot be cancelled. Pass a token to whatever runs it, or use
    /// <see cref="WaitFor(Func{Task}, TimeSpan?)"/>.</param>
    /// <param name="timeout">From now on; null and infinite mean none. Zero or less takes only what has completed already.</param>
    /// <exception cref="TimeoutException">The time elapsed; the inner exception is the cancellation.</exception>
    public static Coroutine WaitFor(Task work, TimeSpan? timeout)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work, timeout);

        static async Coroutine Wait(Task work, TimeSpan? timeout) => await Timeout(timeout, Coroutine (_) => ForeignTask.Wait(work));
    }

    /// <inheritdoc cref="WaitFor(Task, TimeSpan?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> WaitFor<T>(Task<T> work, TimeSpan? timeout)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work, timeout);

        static async Coroutine<T> Wait(Task<T> work, TimeSpan? timeout) => await Timeout(timeout, Coroutine<T> (_) => ForeignTask.Wait(work));
    }

    /// <summary>Waits for a .NET task without owning it: a cancelled waiter leaves, and the task continues. asyncio: <c>shield</c>.</summary>
    /// <param name="work">Left alone.</param>
    public static Coroutine Shield(Task work) => ForeignTask.Wait(work);

    /// <inheritdoc cref="Shield(Task)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> Shield<T>(Task<T> work) => ForeignTask.Wait(work);
}
