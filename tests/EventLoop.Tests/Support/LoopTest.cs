using System.Runtime.ExceptionServices;
using EventLoop.Testing;
using Xunit.v3;

namespace EventLoop.Tests.Support;

/// <summary>What every test of a loop starts from: a watchdog, a log of events, a clock moved by hand, and what the loop reported.</summary>
public abstract class LoopTest : IDisposable
{
    private readonly Watchdog _watchdog = new(TestContext.Current.Test?.TestDisplayName ?? "unknown");
    private readonly List<LoopExceptionContext> _reported = [];

    /// <summary>What happened, in order.</summary>
    protected List<string> Log { get; } = [];

    /// <summary>Moves only by <see cref="ManualClock.Advance"/>; used by <see cref="ManualTime"/>.</summary>
    protected ManualClock Clock { get; } = new();

    protected CapturingLoggerFactory Logger { get; } = new();

    /// <summary>What reached the exception handler of the loops of this test.</summary>
    protected IReadOnlyList<LoopExceptionContext> Reported
    {
        get
        {
            lock (_reported)
            {
                return [.. _reported];
            }
        }
    }

    /// <summary>On virtual time, but for tests that say <see cref="RealTimeAttribute"/>.</summary>
    protected LoopOptions Options => new()
    {
        Seed = UnderSeedsAttribute.Seed,
        TimeProvider = IsVirtual ? new VirtualClock() : TimeProvider.System,
        HandleInterrupt = false,
        ShutdownTimeout = TimeSpan.FromSeconds(2),
        LoggerFactory = Logger,
    };

    protected LoopOptions DebugOptions => Options with { Debug = true };

    /// <summary>Time stands still until the test moves <see cref="Clock"/>.</summary>
    protected LoopOptions ManualTime => Options with { TimeProvider = Clock };

    /// <summary>Time jumps to the next deadline as soon as the loop waits for it.</summary>
    protected LoopOptions JumpingTime => Options with { TimeProvider = new VirtualClock() };

    /// <summary>Whether the test makes a loop miss a wake-up. In every other test that is a failure, although the loop helps itself after half a
    /// minute.</summary>
    private protected virtual bool LosesWakeUps => false;

    private protected virtual bool IsVirtual => !GetType().IsDefined(typeof(RealTimeAttribute), inherit: true)
        && !(TestContext.Current.TestMethod is IXunitTestMethod { Method: var method } && method.IsDefined(typeof(RealTimeAttribute), inherit: false));

    protected static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    protected static Coroutine Forever() => Loop.Sleep(System.Threading.Timeout.InfiniteTimeSpan);

    protected static async Coroutine Yields(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await Loop.Yield();
        }
    }

    protected static async Coroutine<T> After<T>(int yields, T value)
    {
        await Yields(yields);
        return value;
    }

    protected static async Coroutine<T> ThrowAfter<T>(int yields, Exception exception)
    {
        await Yields(yields);
        throw exception;
    }

    protected static async Coroutine ThrowAfter(int yields, Exception exception)
    {
        await Yields(yields);
        throw exception;
    }

    /// <summary>What awaiting it throws; null when it completes.</summary>
    protected static async Coroutine<Exception?> Catch(Coroutine coroutine)
    {
        try
        {
            await coroutine;
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    protected static async Coroutine<Exception?> Catch(LoopAwaitable awaitable)
    {
        try
        {
            await awaitable;
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    /// <summary>Runs it on another thread once the loop has parked on a deadline of
    /// <see cref="ManualTime"/>: its timer is armed, and nothing is left to do.</summary>
    protected void OnceParked(Action work)
    {
        var thread = new Thread(() =>
        {
            if (SpinWait.SpinUntil(() => Clock.ArmedTimers > 0, TimeSpan.FromSeconds(10)))
            {
                work();
            }
        }) { IsBackground = true };
        thread.Start();
    }

    /// <summary>Returns when that thread blocks in a wait of .NET's (a loop that polls does not); false when it has not within ten seconds.</summary>
    protected static bool UntilBlocked(Thread thread) =>
        SpinWait.SpinUntil(() => (thread.ThreadState & ThreadState.WaitSleepJoin) != 0, TimeSpan.FromSeconds(10));

    /// <summary>Runs it on a thread of its own, to the end; rethrows what it throws.</summary>
    protected static void OnThread(Action work)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }) { IsBackground = true };
        thread.Start();
        if (!thread.Join(TimeSpan.FromSeconds(10)))
        {
            throw new TimeoutException("The other thread does not end.");
        }

        failure?.Throw();
    }

    protected static T OnThread<T>(Func<T> work)
    {
        T result = default!;
        OnThread(() => { result = work(); });
        return result;
    }

    protected void RunLoop(Func<Coroutine> main, LoopOptions? options = null)
    {
        Func<Coroutine> guarded = async () =>
        {
            Adopt(Loop.Current);
            await main();
        };
        Watched(() =>
        {
            Loop.Run(guarded, options ?? Options);
            return 0;
        });
    }

    protected T RunLoop<T>(Func<Coroutine<T>> main, LoopOptions? options = null)
    {
        Func<Coroutine<T>> guarded = async () =>
        {
            Adopt(Loop.Current);
            return await main();
        };
        return Watched(() => Loop.Run(guarded, options ?? Options));
    }

    /// <summary>The same with an ordinary <c>async Task</c> method as main.</summary>
    protected void RunLoopWithTask(Func<Task> main, LoopOptions? options = null)
    {
        Func<Task> guarded = async () =>
        {
            Adopt(Loop.Current);
            await main();
        };
        Watched(() =>
        {
            Loop.Run(guarded, options ?? Options);
            return 0;
        });
    }

    /// <summary>A loop that the test drives itself.</summary>
    protected Loop NewLoop(LoopOptions? options = null)
    {
        var loop = new Loop(options ?? Options);
        Adopt(loop);
        return loop;
    }

    /// <summary>Puts a loop under the watchdog and records what reaches its exception handler.</summary>
    protected void Adopt(Loop loop)
    {
        _watchdog.Watch(loop);
        loop.ExceptionHandler = (_, context) =>
        {
            lock (_reported)
            {
                _reported.Add(context);
            }
        };
    }

    /// <summary>Ends the watch, so it must not be replaced: see <see cref="CleanUp"/>.</summary>
    public void Dispose()
    {
        _watchdog.Dispose();
        GC.SuppressFinalize(this);
        CleanUp();
        if (!LosesWakeUps)
        {
            Reported.Select(static context => context.Message).Where(static message => message.Contains("did not wake it", StringComparison.Ordinal))
                .Should().BeEmpty("no wake-up may be lost");
        }
    }

    /// <summary>Deletes what the test has left.</summary>
    private protected virtual void CleanUp()
    {
    }

    private T Watched<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (LoopExitException exit) when (exit.ExitCode == Watchdog.ExitCode)
        {
            throw new TimeoutException($"The loop hung. Its tasks: {_watchdog.Report}");
        }
    }
}
