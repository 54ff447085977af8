using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Testing.Running;

namespace EventLoop.Testing;

// Other schedules.
public static partial class TestLoop
{
    private const int ShownSteps = 40;

    /// <summary>Runs the scenario under many seeds; the first failure names its seed and shows the steps that led to it.</summary>
    /// <param name="seeds">The number of seeds.</param>
    /// <param name="scenario">Run once for each seed, on a fresh loop: it must make everything anew that it changes.</param>
    /// <param name="firstSeed">The first seed.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ExplorationException">A run failed; the failure is the inner exception.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="seeds"/> is less than one.</exception>
    [OverloadResolutionPriority(1)]
    public static void Explore(int seeds, Func<Coroutine> scenario, int firstSeed = 0, TestLoopOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        var test = Scenario.Valued(scenario);
        options ??= new TestLoopOptions();
        for (int i = 0; i < seeds; i++)
        {
            ExploreOne(i, seeds, firstSeed, test, options);
        }
    }

    /// <inheritdoc cref="Explore(int, Func{Coroutine}, int, TestLoopOptions?)"/>
    public static void Explore(int seeds, Func<Task> scenario, int firstSeed = 0, TestLoopOptions? options = null) =>
        Explore(seeds, Coroutine () => Tasks.DeferredCoroutine.Run(scenario), firstSeed, options);

    /// <summary>Runs a test and returns the steps that its tasks took, in order: the same seed gives the same trace.</summary>
    /// <param name="test">Becomes the task "test".</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>One line for each step; only the latest 100 000 of very long runs.</returns>
    public static IReadOnlyList<string> Trace(Func<Coroutine> test, TestLoopOptions? options = null)
    {
        options ??= new TestLoopOptions();
        var run = new TestRun(options, options.Seed);
        var trace = new StepTrace(run.Loop, 100_000);
        run.OnStep(trace.Add);
        if (run.Execute(Scenario.Valued(test)).Failure is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        return trace.Steps;
    }

    /// <summary>One run of an exploration.</summary>
    /// <param name="index">Which one, counted from zero.</param>
    /// <param name="seeds">How many there are.</param>
    /// <param name="firstSeed">The seed of the first one.</param>
    /// <param name="test">What runs.</param>
    /// <param name="options">Its options.</param>
    /// <exception cref="ExplorationException">It failed.</exception>
    internal static void ExploreOne(int index, int seeds, int firstSeed, Func<Coroutine<NoResult>> test, TestLoopOptions options)
    {
        int seed = firstSeed + index;

        // Recorded each time: that costs a fraction of the trace, and a second run of the seed would be one on what the first has left behind.
        var run = new TestRun(options.ForOneOfMany(), seed, records: true);
        var trace = new StepTrace(run.Loop);
        run.OnStep(trace.Add);
        if (run.Execute(test).Failure is { } failure)
        {
            var found = new ExplorationException(
                $"""
                The scenario failed with seed {seed}, the {Ordinal(index + 1)} of {seeds}.
                To see it again: TestLoop.Run(scenario, new TestLoopOptions {"{"} Seed = {seed} {"}"}), or [LoopFact(Seed = {seed})].
                {failure.GetType().FullName}: {failure.Message}
                {StepsOf(trace)}
                """,
                failure, seed, null, trace.Steps);
            if (failure.Data[InsideReport.Key] is { } inside)
            {
                found.Data[InsideReport.Key] = inside;
            }

            throw found;
        }
    }

    private static string StepsOf(StepTrace trace)
    {
        var shown = trace.Steps.TakeLast(ShownSteps).ToList();
        string heading = shown.Count < trace.Count
            ? $"The last {shown.Count} of the {trace.Count} steps that led there:" : $"The {trace.Count} steps that led there:";
        return $"{heading}\n{string.Join("\n", shown)}";
    }

    private static string Ordinal(int number) => (number % 100) is 11 or 12 or 13 ? $"{number}th" : (number % 10) switch
    {
        1 => $"{number}st",
        2 => $"{number}nd",
        3 => $"{number}rd",
        _ => $"{number}th",
    };
}
