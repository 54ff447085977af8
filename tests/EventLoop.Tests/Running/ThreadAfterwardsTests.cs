using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Running;

/// <summary>However a run ends, its thread is as it was before, and nothing keeps its loop alive.</summary>
[Collection(ProcessWide.Name)]
[RealTime("broken clocks are among the ends, and a virtual one would be in the place of theirs")]
public sealed class ThreadAfterwardsTests : LoopTest
{
    private static readonly AsyncLocal<string?> Flowing = new();
    private static string? nameOfRun;
    private static WeakReference? loopOfRun;

    // Its constructor throws before anybody could know it.
    private static readonly string[] EndsWithoutLoop = ["the options are wrong", "the clock cannot be read", "the logger cannot be made"];

    public static TheoryData<string> Ends => [.. Runs.Keys];

    private static Dictionary<string, Action<LoopOptions>> Runs => new()
    {
        ["main returns"] = static options => Loop.Run(static async () => await Noted(), options),
        ["main throws"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            throw new InvalidOperationException("main");
        }, options),
        ["main cannot be made"] = static options => Loop.Run(Coroutine () => throw new InvalidOperationException("factory"), NotedByClock(options)),
        ["main is null"] = static options => Loop.Run((Func<Coroutine>)(() => default!), NotedByClock(options)),
        ["the options are wrong"] = static options => Loop.Run(static async () => await Noted(), options with { SlowStepThreshold = TimeSpan.FromSeconds(-1) }),
        ["the clock cannot be read"] = static options =>
            Loop.Run(static async () => await Noted(), options with { TimeProvider = new FaultyClock { FailsAt = static _ => true } }),
        ["the clock breaks when the run begins"] = static options =>
            Loop.Run(static async () => await Noted(), NotedByClock(options, static reading => reading > 1)),
        ["the clock breaks in main"] = static options =>
        {
            var clock = new FaultyClock();
            Loop.Run(async () =>
            {
                await Noted();
                clock.FailsAt = static _ => true;
                await Loop.Sleep(1);
            }, options with { TimeProvider = clock });
        },
        ["the logger cannot be made"] = static options =>
            Loop.Run(static async () => await Noted(), options with { LoggerFactory = new FaultyLoggerFactory { CreateFails = true } }),
        ["the logger throws"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            Loop.Current.CallSoon(static () => throw new InvalidOperationException("callback"));
            await Yields(3);
        }, options with { LoggerFactory = new FaultyLoggerFactory() }),
        ["the exception handler throws"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            Loop.Current.ExceptionHandler = static (_, _) => throw new InvalidOperationException("handler");
            Loop.Current.CallSoon(static () => throw new InvalidOperationException("callback"));
            await Yields(3);
        }, options),
        ["the exception handler exits"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            Loop.Current.ExceptionHandler = static (_, _) => throw new LoopExitException(3);
            Loop.Current.CallSoon(static () => throw new InvalidOperationException("callback"));
            await Forever();
        }, options),
        ["a callback exits"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            Loop.Current.CallSoon(static () => throw new LoopExitException(3));
            await Forever();
        }, options),
        ["the cleanup of a task throws when the loop shuts down"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            _ = Loop.CreateTask(static async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    throw new InvalidOperationException("cleanup");
                }
            });
            await Yields(2);
        }, options),
        ["the cleanup of a task exits"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            _ = Loop.CreateTask(static async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    throw new LoopExitException(4);
                }
            });
            await Yields(2);
        }, options),
        ["the executor throws"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            await Loop.ToThread(static () => { });
        }, options with { DefaultExecutor = new FaultyExecutor() }),
        ["the executor gives no task"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            await Loop.ToThread(static () => { });
        }, options with { DefaultExecutor = new FaultyExecutor { GivesNull = true } }),
        ["code of a step leaves other contexts behind"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            Flowing.Value = "the loop's";
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            ExecutionContext.SuppressFlow();
            throw new InvalidOperationException("main");
        }, options),
        ["a loop is run inside"] = static options => Loop.Run(static async () =>
        {
            await Noted();
            Loop.Run(static async () => await Loop.Yield());
        }, options),
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void However_a_run_ends_its_thread_is_as_before(string end) => Quietly(() =>
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        var own = new SynchronizationContext();
        SynchronizationContext.SetSynchronizationContext(own);
        Flowing.Value = "the caller's";
        try
        {
            Record.Exception(() => Runs[end](Options));

            Loop.TryGetCurrent(out _).Should().BeFalse();
            SynchronizationContext.Current.Should().BeSameAs(own);
            Flowing.Value.Should().Be("the caller's");
            ExecutionContext.IsFlowSuppressed().Should().BeFalse();
            Record.Exception(() => Loop.CurrentTask).Should().BeOfType<InvalidOperationException>();
            Loop.Run(async () =>
            {
                await Loop.Sleep(1);
                Log.Add("another run");
            }, Options);
            Log.Should().Equal("another run");
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
            Flowing.Value = null;
        }
    });

    [Theory]
    [MemberData(nameof(Ends))]
    public void However_a_run_ends_nothing_keeps_its_loop(string end) => Quietly(() =>
    {
        RunAndForget(end);
        (loopOfRun is null).Should().Be(EndsWithoutLoop.Contains(end), "otherwise this would be true of no loop at all");

        for (int i = 0; i < 50 && loopOfRun is { IsAlive: true }; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        (loopOfRun is { IsAlive: true }).Should().BeFalse();
    });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RunAndForget(string end)
    {
        loopOfRun = null;
        nameOfRun = $"run-{Guid.NewGuid():N}";
        LoopOptions options = Options with { Name = nameOfRun };
        OnThread(() => Record.Exception(() => Runs[end](options)));      // a stack of its own, which goes with it
    }

    private static async Coroutine Noted()
    {
        loopOfRun = new WeakReference(Loop.Current);
        await Loop.Yield();
    }

    // For runs that do not come to main, or may not: their loop is found by whoever is asked for the time.
    private static LoopOptions NotedByClock(LoopOptions options, Func<long, bool>? fails = null) => options with
    {
        TimeProvider = new FaultyClock
        {
            FailsAt = reading =>
            {
                if (loopOfRun is null && Loop.All.FirstOrDefault(static loop => loop.Name == nameOfRun) is { } loop)
                {
                    loopOfRun = new WeakReference(loop);
                }

                return fails?.Invoke(reading) ?? false;
            },
        },
    };

    private static void Quietly(Action act)
    {
        var before = Console.Error;
        Console.SetError(TextWriter.Null);
        try
        {
            act();
        }
        finally
        {
            Console.SetError(before);
        }
    }

    private sealed class FaultyExecutor : IExecutor
    {
        public bool GivesNull { get; init; }

        public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default) =>
            GivesNull ? null! : throw new InvalidOperationException("the executor");

        public ValueTask DisposeAsync() => throw new InvalidOperationException("the executor");
    }
}
