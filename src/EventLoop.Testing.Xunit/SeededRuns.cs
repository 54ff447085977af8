using System.Reflection;
using EventLoop.Reporting;
using EventLoop.Testing.Running;
using Xunit;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>The runs of one test: one, or one for each seed.</summary>
[Plumbing]
internal sealed class SeededRuns(ILoopTest settings, MethodInfo method, object?[] arguments, object? instance)
{
    internal TimeSpan Limit => settings.Timeout > 0 ? TimeSpan.FromMilliseconds(settings.Timeout) : new TestLoopOptions().Timeout;

    internal int Count => Math.Max(1, settings.Seeds);

    private TestLoopOptions Options => new()
    {
        RealTime = settings.RealTime,
        Timeout = Limit,
        AllowRunningTasks = settings.AllowRunningTasks,
        Seed = settings.Seed >= 0 ? settings.Seed : null,
        Loop = new LoopOptions { Debug = settings.Debug ? true : null },
    };

    internal void Run()
    {
        if (settings.Seeds <= 0)
        {
            TestLoop.Run(Coroutine () => Call(instance), Options);
            return;
        }

        bool first = true;
        try
        {
            TestLoop.Explore(
                settings.Seeds,
                Coroutine () =>
                {
                    bool own = first;
                    first = false;
                    return own ? Call(instance) : CallFresh();
                },
                Math.Max(0, settings.Seed),
                Options with { Seed = null });
        }
        catch (ExplorationException found) when (found.InnerException!.Message.StartsWith(DynamicSkipToken.Value, StringComparison.Ordinal))
        {
            throw found.InnerException;      // the framework recognizes a skip by the beginning of its message
        }
    }

    // Each schedule has its own test object, so that none sees what another left in fields.
    private async Coroutine CallFresh()
    {
        object? fresh = method.IsStatic ? null : Activator.CreateInstance(method.ReflectedType!, await ConstructorArguments());
        try
        {
            if (fresh is IAsyncLifetime lifetime)
            {
                await lifetime.InitializeAsync();
            }

            await Call(fresh);
        }
        finally
        {
            if (fresh is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else if (fresh is IDisposable disposable)
            {
                disposable.Dispose();
            }
        }
    }

    private async Coroutine<object?[]> ConstructorArguments()
    {
        var parameters = method.ReflectedType!.GetConstructors().Single(static one => one is { IsStatic: false, IsPublic: true }).GetParameters();
        object?[] values = new object?[parameters.Length];
        for (int i = 0; i < values.Length; i++)
        {
            var type = parameters[i].ParameterType;
            values[i] = type == typeof(ITestOutputHelper) ? TestContext.Current.TestOutputHelper
                : type == typeof(ITestContextAccessor) ? TestContextAccessor.Instance
                : await TestContext.Current.GetFixture(type) ?? (parameters[i].HasDefaultValue ? parameters[i].DefaultValue : null);
        }

        return values;
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
                await task;
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
