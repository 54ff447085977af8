using System.Reflection;
using System.Runtime.ExceptionServices;
using EventLoop.Reporting;
using EventLoop.Testing.Running;
using Xunit;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>The runs of one test: one, or one for each seed.</summary>
[Plumbing]
internal sealed class SeededRuns(ILoopTest settings, int timeout, MethodInfo method, object?[] arguments, object? instance)
{
    private readonly ITestContext context = TestContext.Current;
    private volatile Loop? current;      // read on any thread

    internal TimeSpan Limit => timeout > 0 ? TimeSpan.FromMilliseconds(timeout) : new TestLoopOptions().Timeout;

    internal TimeSpan LimitOfAll => Limit > TimeSpan.MaxValue / Count ? TimeSpan.MaxValue : Limit * Count;

    internal int Count => Math.Max(1, settings.Seeds);

    /// <summary>The loop of the latest run; any thread.</summary>
    internal Loop? Current => current;

    private TestLoopOptions Options => new()
    {
        Made = loop => current = loop,
        GivenUp = CancelToken,
        RealTime = settings.RealTime,
        Timeout = Limit,
        AllowRunningTasks = settings.AllowRunningTasks,
        Seed = settings.Seed >= 0 ? settings.Seed : null,
        Loop = new LoopOptions { Debug = settings.Debug ? true : null },
    };

    /// <summary>Cancels the token of the framework's context.</summary>
    internal void CancelToken()
    {
        try
        {
            context.CancelCurrentTest();
        }
        catch (Exception)
        {
            // What somebody has registered with it has thrown, and the test fails anyway.
        }
    }

    internal void Run()
    {
        if (settings.Seeds <= 0)
        {
            TestLoop.Run(Coroutine () => Call(instance), Options);
            return;
        }

        RunUnder(0, instance);
        for (int i = 1; i < settings.Seeds; i++)
        {
            RunFresh(i);
        }
    }

    private void RunUnder(int index, object? target)
    {
        try
        {
            TestLoop.ExploreOne(
                index, settings.Seeds, Math.Max(0, settings.Seed), Scenario.Valued(Coroutine () => Call(target)), Options with { Seed = null });
        }
        catch (ExplorationException found) when (IsSkip(found.InnerException!))
        {
            throw found.InnerException!;
        }
    }

    // By the beginning of its message or by its type, as the framework recognizes it.
    private bool IsSkip(Exception failure) =>
        failure.Message.StartsWith(DynamicSkipToken.Value, StringComparison.Ordinal)
            || (settings is IFactAttribute { SkipExceptions: { } skips } && skips.Contains(failure.GetType()));

    // Each schedule has its own test object, so that none sees what another left in fields. As with the first one, which is the framework's, no loop runs
    // while it is made and disposed, and one that could not be initialized is not disposed.
    private void RunFresh(int index)
    {
        object? fresh = method.IsStatic ? null : Create();
        Exception? failure = Failure(() => RunUnder(index, fresh));
        if (Failure(() => Dispose(fresh)) is { } another)
        {
            failure = failure is null ? another : new AggregateException(failure, another);
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    private object Create()
    {
        object fresh = Activator.CreateInstance(method.ReflectedType!, BindingFlags.DoNotWrapExceptions, null, ConstructorArguments(), null)!;
        if (fresh is IAsyncLifetime lifetime)
        {
            Await(lifetime.InitializeAsync());
        }

        return fresh;
    }

    private static void Dispose(object? used)
    {
        if (used is IAsyncDisposable asynchronous)
        {
            Await(asynchronous.DisposeAsync());
        }
        else if (used is IDisposable disposable)
        {
            disposable.Dispose();
        }
    }

    private object?[] ConstructorArguments()
    {
        var parameters = method.ReflectedType!.GetConstructors().Single(static one => one is { IsStatic: false, IsPublic: true }).GetParameters();
        object?[] values = new object?[parameters.Length];
        for (int i = 0; i < values.Length; i++)
        {
            var type = parameters[i].ParameterType;
            values[i] = type == typeof(ITestOutputHelper) ? TestContext.Current.TestOutputHelper
                : type == typeof(ITestContextAccessor) ? TestContextAccessor.Instance
                : TestContext.Current.GetFixture(type).AsTask().GetAwaiter().GetResult() ?? (parameters[i].HasDefaultValue ? parameters[i].DefaultValue : null);
        }

        return values;
    }

    // The thread is the test's own.
    private static void Await(ValueTask task) => task.AsTask().GetAwaiter().GetResult();

    private static Exception? Failure(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    private async Coroutine Call(object? target)
    {
        object? result = method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, arguments, null);
        switch (result)
        {
            case Coroutine coroutine:
                await coroutine;
                break;
            case Task task:
                await task;
                break;
            case ValueTask task:
                await task.AsTask();      // of a task it can be told what it waits for
                break;
            case not null when result.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Coroutine<>):
                await (Coroutine)type.GetMethod("op_Implicit", [type])!.Invoke(null, [result])!;
                break;
            case not null:
                throw new InvalidOperationException($"A test on a loop returns Coroutine, Task, ValueTask or nothing, but {method.Name} returns "
                    + $"{method.ReturnType}.");
        }
    }
}
