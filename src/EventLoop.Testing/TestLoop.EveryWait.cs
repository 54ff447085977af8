using System.Runtime.CompilerServices;
using EventLoop.Combining;
using EventLoop.Foreign;
using EventLoop.Scheduling;
using EventLoop.Tasks;
using EventLoop.Testing.Running;

namespace EventLoop.Testing;

// Cancellations and faults at every wait.
public static partial class TestLoop
{
    /// <summary>Counts the waits of the scenario, including those of its tasks, then repeats it, cancelling it at wait 0, 1, 2, ...</summary>
    /// <param name="scenario">Run many times, each on a fresh loop: it must make everything anew that it changes.</param>
    /// <param name="afterEach">Receives the index of the wait when the cancelled run has ended: the place to check what has to hold nevertheless.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <remarks>A cancelled run may end canceled or succeed. It fails if it ends with another exception, does not end, leaves tasks running or loses a
    /// failure, if it has fewer waits than the first run and so was not cancelled, or if <paramref name="afterEach"/> throws.</remarks>
    /// <exception cref="ExplorationException">The first run that failed: which wait, where, and what broke.</exception>
    [OverloadResolutionPriority(1)]
    public static void CancelAtEveryWait(Func<Coroutine> scenario, Action<int>? afterEach = null, TestLoopOptions? options = null) =>
        AtEveryWait(
            scenario, afterEach, options, "cancelled",
            static _ => true,
            static (run, _) => run.Main!.CancelCore("cancelled by TestLoop.CancelAtEveryWait"),
            static failure => failure is OperationCanceledException);

    /// <inheritdoc cref="CancelAtEveryWait(Func{Coroutine}, Action{int}?, TestLoopOptions?)"/>
    public static void CancelAtEveryWait(Func<Task> scenario, Action<int>? afterEach = null, TestLoopOptions? options = null) =>
        CancelAtEveryWait(Coroutine () => DeferredCoroutine.Run(scenario), afterEach, options);

    /// <summary>Counts the waits of the scenario that can fail, then repeats it, making wait 0, 1, 2, ... throw.</summary>
    /// <param name="scenario">Run many times, each on a fresh loop: it must make everything anew that it changes.</param>
    /// <param name="failure">Makes what the wait throws; called once for each run.</param>
    /// <param name="afterEach">Receives the index of the wait when the run has ended: the place to check what has to hold nevertheless.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <remarks>
    /// <para>Sleeps, yields, futures, locks, queues and I/O can fail; a wait for other tasks fails
    /// when they do, and a foreign await cannot be interrupted.</para>
    /// <para>A run may end with the fault, alone or inside another exception, or succeed. It fails if it ends with an unrelated exception, does not end,
    /// leaves tasks running or loses a failure, if it has fewer waits than the first run and so did not fail, or if <paramref name="afterEach"/>
    /// throws.</para>
    /// </remarks>
    /// <exception cref="ExplorationException">The first run that failed: which wait, where, and what broke.</exception>
    [OverloadResolutionPriority(1)]
    public static void FailAtEveryWait(Func<Coroutine> scenario, Func<Exception> failure, Action<int>? afterEach = null, TestLoopOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(failure);
        Exception? fault = null;
        AtEveryWait(
            scenario, afterEach, options, "failed",
            static node => node.State == WaitState.Yielding
                || node.Target is not (null or LoopTask or ShieldedWait or WaitPoint or ForeignWait or LoopFuture { IsForeign: true }),
            (run, node) =>
            {
                fault = failure();
                Fail(run.Core, node, fault);
            },
            thrown => fault is not null && Contains(thrown, fault));
    }

    /// <inheritdoc cref="FailAtEveryWait(Func{Coroutine}, Func{Exception}, Action{int}?, TestLoopOptions?)"/>
    public static void FailAtEveryWait(Func<Task> scenario, Func<Exception> failure, Action<int>? afterEach = null, TestLoopOptions? options = null) =>
        FailAtEveryWait(Coroutine () => DeferredCoroutine.Run(scenario), failure, afterEach, options);

    private static void AtEveryWait(
        Func<Coroutine> scenario, Action<int>? afterEach, TestLoopOptions? options, string done,
        Func<WaitNode, bool> concerns, Action<TestRun, WaitNode> interfere, Func<Exception, bool> expected)
    {
        var test = Scenario.Valued(scenario);
        options ??= new TestLoopOptions();
        int waits = 0;
        int total = 0;
        Once(-1);
        total = waits;
        for (int index = 0; index < total; index++)
        {
            waits = 0;
            Once(index);
        }

        void Once(int target)
        {
            string place = "";
            var run = new TestRun(options.ForOneOfMany(), options.Seed) { Expected = thrown => waits > target && target >= 0 && expected(thrown) };
            var trace = new StepTrace(run.Loop);
            run.OnStep(context =>
            {
                trace.Add(context);
                if (context?.Task is not { IsCompleted: false } task || task.CollectWaits().Find(node => concerns(node)) is not { } node)
                {
                    return;
                }

                if (waits++ == target)
                {
                    place = StepTrace.Describe(context);
                    run.Core.Install(null);
                    interfere(run, node);
                }
            });
            var failure = run.Execute(test).Failure;
            if (target < 0)
            {
                if (failure is not null)
                {
                    throw new ExplorationException(
                        $"The scenario fails even when it is not {done}.\n{failure.GetType().FullName}: {failure.Message}\n{StepsOf(trace)}", failure,
                            options.Seed, null, trace.Steps);
                }

                return;
            }

            if (waits <= target)
            {
                throw new ExplorationException(
                    $"""
                    The scenario is not repeatable: its first run had {total} waits, but the run that was to be {done} at wait {target} (counted from 0) {
                        ""}had {waits}, and was not {done}.
                    Let it make everything anew that it changes: what it leaves in a cache, a static or an open connection makes it take another path.
                    {(failure is null ? "" : $"{failure.GetType().FullName}: {failure.Message}\n")}{StepsOf(trace)}
                    """,
                    failure, options.Seed, target, trace.Steps);
            }

            if (failure is null)
            {
                try
                {
                    afterEach?.Invoke(target);
                }
                catch (Exception broken)
                {
                    failure = broken;
                }
            }

            if (failure is not null)
            {
                throw new ExplorationException(
                    $"""
                    The scenario breaks when it is {done} at wait {target} of {total} (counted from 0), where {place}.
                    {failure.GetType().FullName}: {failure.Message}
                    {StepsOf(trace)}
                    """,
                    failure, options.Seed, target, trace.Steps);
            }
        }
    }

    // Removes the node from the queues of what it waits for, and makes its await throw.
    private static void Fail(LoopCore core, WaitNode node, Exception fault)
    {
        if (node.State != WaitState.Yielding)
        {
            var target = node.Target!;
            if (target is LoopAwaitable future)
            {
                future.RemoveWaiter(node);
            }
            else if (target.Abort(node, null) != AbortResult.GivenUp)
            {
                return;
            }
        }

        node.WakeWith(core, fault);
    }

    private static bool Contains(Exception? thrown, Exception fault) =>
        thrown is not null && (ReferenceEquals(thrown, fault) || Contains(thrown.InnerException, fault)
            || (thrown is AggregateException several && several.InnerExceptions.Any(one => Contains(one, fault))));
}
