using System.Diagnostics;
using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>Runs a test method on a fresh loop, on a thread of its own, as often as its attribute says.</summary>
internal sealed class LoopTestRunner : XunitTestRunnerBase<XunitTestRunnerContext, IXunitTest>
{
    internal static readonly LoopTestRunner Instance = new();

    // Beyond the test's own time limit, which a loop that never comes back from a step cannot keep.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal async ValueTask<RunSummary> RunAsync(IXunitTest test, XunitTestCaseRunnerContext testCase)
    {
        await using var context = new XunitTestRunnerContext(
            test, testCase.MessageBus, testCase.ExplicitOption, testCase.Aggregator.Clone(), testCase.CancellationTokenSource, testCase.BeforeAfterTestAttributes, testCase.ConstructorArguments);
        await context.InitializeAsync();
        return await Run(context);
    }

    protected override async ValueTask<TimeSpan> InvokeTest(XunitTestRunnerContext ctxt, object? testClassInstance)
    {
        var watch = Stopwatch.StartNew();
        await ctxt.Aggregator.RunAsync(async () =>
        {
            var settings = ctxt.Test.TestMethod.FactAttributes.OfType<ILoopTest>().First();
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var runs = new SeededRuns(settings, ctxt.TestMethod, ctxt.TestMethodArguments, ctxt.ConstructorArguments, testClassInstance);
            var thread = new Thread(() =>
            {
                try
                {
                    runs.Run();
                    ended.SetResult();
                }
                catch (Exception failure)
                {
                    ended.SetException(failure);
                }
            })
            {
                IsBackground = true,
                Name = ctxt.Test.TestDisplayName,
            };
            thread.Start();
            try
            {
                await ended.Task.WaitAsync((runs.Limit * runs.Count) + Patience);
            }
            catch (TimeoutException) when (!ended.Task.IsCompleted)
            {
                throw new TestLoopException("The test has not come back from a step for so long that its thread was left behind: it loops or blocks without awaiting.");
            }
        });
        return watch.Elapsed;
    }

    private sealed class SeededRuns(ILoopTest settings, MethodInfo method, object?[] arguments, object?[] constructorArguments, object? instance)
    {
        internal TimeSpan Limit => settings.Timeout > 0 ? TimeSpan.FromMilliseconds(settings.Timeout) : new TestLoopOptions().Timeout;

        internal int Count => Math.Max(1, settings.Seeds);

        private TestLoopOptions Options => new()
        {
            RealTime = settings.Clock == TestClock.Real,
            Timeout = Limit,
            AllowRunningTasks = settings.AllowRunningTasks,
            Seed = settings.Seed >= 0 ? settings.Seed : null,
            Loop = new LoopOptions { Debug = settings.Debug ? true : null },
        };

        internal void Run()
        {
            if (arguments.Length != method.GetParameters().Length)
            {
                throw new InvalidOperationException($"The test method expects {method.GetParameters().Length} arguments, but {arguments.Length} were provided.");
            }

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
                throw found.InnerException;      // the framework knows a skip by the beginning of its message
            }
        }

        // Each schedule has a test object of its own, so that none sees what another left in fields.
        private async Coroutine CallFresh()
        {
            object? fresh = method.IsStatic ? null : Activator.CreateInstance(method.ReflectedType!, Values(constructorArguments));
            try
            {
                if (fresh is global::Xunit.IAsyncLifetime lifetime)
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

        // What belongs to one test only, as its output, is made when it is asked for.
        private object?[] Values(object?[] given)
        {
            var parameters = method.ReflectedType!.GetConstructors().Single(static one => one is { IsStatic: false, IsPublic: true }).GetParameters();
            return [.. given.Select((value, i) =>
                value is Delegate make && value.GetType() == typeof(Func<>).MakeGenericType(parameters[i].ParameterType) ? make.DynamicInvoke() : value)];
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
                    throw new InvalidOperationException($"A test on a loop returns Coroutine, Task, ValueTask or nothing, but {method.Name} returns {method.ReturnType}.");
            }
        }
    }
}
