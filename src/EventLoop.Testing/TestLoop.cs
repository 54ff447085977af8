using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Testing.Running;

namespace EventLoop.Testing;

/// <summary>Runs tests on fresh loops with virtual time, and searches for what breaks under other schedules, cancellations and failures.</summary>
/// <remarks>
/// A run fails with the test's own exception, with a <see cref="LoopDeadlockException"/>, or with a <see cref="TestLoopException"/> that names tasks left
/// running, failures never retrieved, coroutines never awaited, a blocked loop thread, or a test that did not end.
/// </remarks>
public static partial class TestLoop
{
    /// <summary>The virtual clock of the running loop.</summary>
    /// <exception cref="InvalidOperationException">No loop runs here, or it has another clock.</exception>
    public static VirtualClock Clock => LoopCore.Required.Clock.Custom as VirtualClock
        ?? throw new InvalidOperationException("The running loop has no virtual clock. Run it by TestLoop.Run, or give it one in LoopOptions.TimeProvider.");

    /// <summary>Runs a test on a fresh loop with a virtual clock. Fails on a deadlock, tasks left running, unretrieved failures, unawaited coroutines, or a
    /// blocked loop thread.</summary>
    /// <param name="test">Becomes the task "test".</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="LoopDeadlockException">Everything waits, and nothing will ever happen.</exception>
    /// <exception cref="TestLoopException">The test left something behind, or did not end in time.</exception>
    [OverloadResolutionPriority(1)]
    public static void Run(Func<Coroutine> test, TestLoopOptions? options = null) => Run(Scenario.Valued(test), options);

    /// <inheritdoc cref="Run(Func{Coroutine}, TestLoopOptions?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the test returned.</returns>
    [OverloadResolutionPriority(1)]
    public static T Run<T>(Func<Coroutine<T>> test, TestLoopOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(test);
        options ??= new TestLoopOptions();
        var (value, failure) = new TestRun(options, options.Seed, records: true).Execute(test);
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return value!;
    }

    /// <inheritdoc cref="Run(Func{Coroutine}, TestLoopOptions?)"/>
    public static void Run(Func<Task> test, TestLoopOptions? options = null) => Run(Coroutine () => Tasks.DeferredCoroutine.Run(test), options);

    /// <inheritdoc cref="Run{T}(Func{Coroutine{T}}, TestLoopOptions?)"/>
    public static T Run<T>(Func<Task<T>> test, TestLoopOptions? options = null) => Run(Coroutine<T> () => Tasks.DeferredCoroutine.Run(test), options);

    /// <summary>Returns when every other task waits and nothing is in flight; timers may be set, and time has not moved. Trio:
    /// <c>wait_all_tasks_blocked</c>.</summary>
    /// <remarks><b>Cancellation:</b> ends the wait.</remarks>
    public static async Coroutine WaitUntilIdle() => await IdleWatch.Wait(LoopCore.Required);

    /// <summary>Announces foreign work to the running loop: virtual time stands still, and nothing counts as a deadlock, until the task has ended.</summary>
    /// <param name="task">Something that completes by itself, on another thread or in another process.</param>
    /// <returns>A task that ends as the given one does; await this one.</returns>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static Task HoldTime(Task task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Flight.Of(LoopCore.Required, task);
    }

    /// <inheritdoc cref="HoldTime(Task)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static Task<T> HoldTime<T>(Task<T> task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Flight.Of(LoopCore.Required, task);
    }
}
