using EventLoop.Debugging;
using EventLoop.Diagnostics;
using EventLoop.Reporting;
using EventLoop.Running;
using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>One run of a test on a fresh loop, and everything for which it may fail.</summary>
[Plumbing]
internal sealed class TestRun
{
    // Foreign work that was not announced gets this chance, in real time, before a standstill counts as a deadlock.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(200);

    private const int ShownLosses = 10;

    private readonly TestLoopOptions options;
    private readonly VirtualClock? clock;
    private readonly LoopRunner runner;
    private readonly Loop loop;
    private readonly LoopCore core;
    private readonly List<LoopExceptionContext> losses = [];     // guarded by itself: the finalizer's thread may add
    private readonly UnobservedFailures unobserved;
    private readonly HashSet<LoopTask> outlived = [];            // loop thread: ended tasks with code that is still waiting
    private LoopDeadlockException? deadlock;
    private volatile string? late;                               // set on any thread, when the time limit has passed
    private bool hasOverrun;                                     // it had passed when the test's own task ended
    private bool closing;
    private long stepsAtStandstill = -1;
    private bool graceIsOver;
    private ITimer? grace;

    private readonly InsideReport? inside;

    /// <param name="options">The test's.</param>
    /// <param name="seed">The seed of the schedule.</param>
    /// <param name="records">Whether events are recorded, for the report of a failure.</param>
    internal TestRun(TestLoopOptions options, int? seed, bool records = false)
    {
        this.options = options;
        var wanted = options.Loop ?? new LoopOptions();
        clock = options.RealTime ? null : options.Clock ?? wanted.TimeProvider as VirtualClock ?? new VirtualClock();
        runner = new LoopRunner(wanted with
        {
            Name = wanted.Name ?? "test",
            TimeProvider = clock ?? wanted.TimeProvider,
            Seed = seed ?? wanted.Seed,
            HandleInterrupt = false,
            LoggerFactory = wanted.LoggerFactory ?? TestLogging.Instance,
            BlockingCalls = wanted.BlockingCalls == BlockingCallPolicy.Ignore ? BlockingCallPolicy.Throw : wanted.BlockingCalls,
        });
        loop = runner.Loop;
        core = loop.Core;
        loop.WatchesCoroutines = true;
        loop.ExceptionHandler = (_, context) => Lose(context);
        core.Instruments.Add(new StepInstrument(NoteOutlived), Hearing.StepEnds);
        unobserved = new UnobservedFailures(exception =>
            Lose(new LoopExceptionContext("The exception of an async Task method, or of AsTask(), was never retrieved: nobody awaited the task", exception)));
        core.Instruments.Add(new IdleInstrument(OnNothingToDo), Hearing.Parking);
        inside = records ? new InsideReport(loop) : null;
        options.Made?.Invoke(loop);
    }

    internal Loop Loop => loop;

    internal LoopCore Core => core;

    /// <summary>A failure with which the test may end nevertheless: the cancellation or the fault that was injected.</summary>
    internal Func<Exception, bool>? Expected { get; init; }

    /// <summary>Registers a call after each step of the test, until it has ended.</summary>
    internal void OnStep(Action<LoopContext?> told) => core.Instruments.Add(
        new StepInstrument(context =>
        {
            if (Main is { IsCompleted: false } && !closing)
            {
                told(context);
            }
        }),
        Hearing.StepEnds);

    /// <summary>The test's own task, once it runs.</summary>
    internal LoopTask? Main { get; private set; }

    /// <summary>Runs the test and returns its result, or what it failed with.</summary>
    internal (T? Value, Exception? Failure) Execute<T>(Func<Coroutine<T>> test)
    {
        Exception? failure;
        LoopTask<T>? main = null;
        ITimer? limit = null;
        using var watch = unobserved.Watch();
        try
        {
            limit = options.RealClock.CreateTimer(_ => GiveUp(), null, SystemWait.Limit(options.Timeout), Timeout.InfiniteTimeSpan);
            main = MainRun.NewMain(loop, Call(test));
            main.Name = "test";
            Main = main;
            failure = Drive(main);
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        if (hasOverrun)
        {
            options.GivenUp?.Invoke();      // not before it was told who waits for what, which this may change
        }

        bool expected = failure is not null && Expected is not null && Expected(failure);
        failure = expected ? null : failure;

        // What the test left behind is looked at before the end of the run clears it away.
        var seen = inside?.Look();
        string? running = failure is null && !options.AllowRunningTasks ? LeftRunning() : null;
        closing = true;
        try
        {
            runner.Dispose();
        }
        catch (Exception thrown)
        {
            failure ??= thrown;
        }

        if (late is not null && !hasOverrun)
        {
            options.GivenUp?.Invoke();
        }

        limit?.Dispose();
        grace?.Dispose();
        if (failure is null && !options.AllowLosses)
        {
            unobserved.Collect();
        }

        failure ??= Complaints(running);
        Describe(failure, seen);
        return (failure is null && !expected && main is not null ? main.Result : default, failure);

        static async Coroutine<T> Call(Func<Coroutine<T>> test) => await test();
    }

    // Attached to the failure for whoever shows it: the message remains the test's own.
    private static void Describe(Exception? failure, InsideReport.Sight? seen)
    {
        if (failure is not null && seen is not null && !failure.Data.Contains(InsideReport.Key))
        {
            failure.Data[InsideReport.Key] = seen.Write();
        }
    }

    private Exception? Drive(LoopTask main)
    {
        core.Run(main);
        hasOverrun = late is not null;
        if (core.ExitException is { } exit)
        {
            core.ExitException = null;
            main.MarkRetrieved();
            return exit;
        }

        if (main.IsCompleted)
        {
            return main.FailureOrCancellation();
        }

        return deadlock ?? (Exception)new TestLoopException(
            $"{late ?? "The test's loop was stopped before the test was done."}\n{WhyTimeStands()}{StandstillReport.Of(loop)}{Latest}");
    }

    private string Latest => inside?.WriteLatest() is { Length: > 0 } latest ? "\n" + latest.TrimEnd() : "";

    // The most common surprise: an open socket, and nothing is sent.
    private string WhyTimeStands() => clock is { IoPatience: null, IsHeld: false } && core.HasSources && (core.Timers.Count > 0 || clock.HasTimers)
        ? "Virtual time stands still while sockets or descriptors are registered at the loop. Set TestLoop.Clock.IoPatience, test with a "
            + "MemoryConnectionPair, or run on TestClock.Real.\n"
        : "";

    // On a thread of the pool. What the end of the run waits for then, such as work in an executor, gets only a moment.
    private void GiveUp()
    {
        late = $"The test did not end within {WaitReport.Seconds(options.Timeout)} of real time.";
        loop.Shutdown.LeaveNoTime();
        core.RequestStop();
    }

    private void Lose(LoopExceptionContext context)
    {
        lock (losses)
        {
            losses.Add(context);
        }
    }

    private void NoteOutlived(LoopContext? context)
    {
        if (context?.Task is { IsCompleted: true } task && !closing && task.CollectWaits().Count > 0)
        {
            outlived.Add(task);
        }
    }

    private string? LeftRunning()
    {
        // A task that was cancelled already ends by itself, as it would at the end of a program's run.
        var tasks = core.Tasks.Snapshot().FindAll(static task => task.CancelRequests == 0);
        string[] code = [.. outlived.SelectMany(static task =>
            task.CollectWaits().Select(node => $"  code of {task.Label}, which has ended, waits on {node.Target?.Describe(node) ?? "its next turn"}"))];
        var complaints = new List<string>();
        if (tasks.Count > 0)
        {
            complaints.Add($"{tasks.Count} task(s) were still running at the end of the test. Await or cancel "
                + $"them:\n{string.Join("\n", tasks.Select(Describe))}");
        }

        if (code.Length > 0)
        {
            complaints.Add($"{code.Length} async Task method(s) were still running at the end of the test. Await what they return:\n{string.Join("\n", code)}");
        }

        return complaints.Count == 0 ? null : string.Join("\n", complaints);

        static string Describe(LoopTask task) =>
            $"  {task.Label}{(task.WaitingOn is { } what ? $" waits on {what}" : "")}"
                + $"{(WaitReport.StackOf(task) is { Length: > 0 } stack ? $", in {stack}" : "")}, created by {task.CreatedBy ?? "the program"}";
    }

    private TestLoopException? Complaints(string? running)
    {
        var complaints = new List<string>();
        Exception? inner = null;
        if (late is not null)
        {
            complaints.Add(late + (hasOverrun ? " It ended later by itself, in a step that took too long."
                : " Its own task was done by then, but not what it had left to be awaited at its end."));
        }

        if (running is not null)
        {
            complaints.Add(running);
        }

        if (loop.Reports.BlockingCallSeen is { } blocking)
        {
            complaints.Add(blocking);
        }

        if (!options.AllowLosses)
        {
            lock (losses)
            {
                foreach (var loss in losses.Take(ShownLosses))
                {
                    inner ??= loss.Exception;
                    complaints.Add($"{loss.Message}{(loss.Exception is { } exception ? $": {exception}" : "")}"
                        + (loss.CreatedAt is { } origin ? $"\nCreated at:\n{origin}" : ""));
                }

                if (losses.Count > ShownLosses)
                {
                    complaints.Add($"... and {losses.Count - ShownLosses} more");
                }
            }
        }

        return complaints.Count == 0 ? null : new TestLoopException(string.Join("\n", complaints), inner);
    }

    // ---- A standstill

    private bool OnNothingToDo(long next)
    {
        if (!core.Inbox.IsEmpty)
        {
            return true;
        }

        if (core.InFlight)
        {
            return false;
        }

        bool isTimed = next != LoopClock.Never || clock is { HasTimers: true };
        if (closing ? MayGoOnByItself(isTimed) : isTimed || clock is { IsHeld: true } || MayComeFromOutside)
        {
            return false;
        }

        if (stepsAtStandstill != core.Steps)
        {
            stepsAtStandstill = core.Steps;
            graceIsOver = false;
            grace?.Dispose();
            grace = options.RealClock.CreateTimer(static run => ((TestRun)run!).EndGrace(), this, Grace, Timeout.InfiniteTimeSpan);
        }
        else if (graceIsOver && closing && isTimed)
        {
            return clock!.AdvanceToNextTimer();
        }
        else if (graceIsOver && closing)
        {
            loop.Shutdown.RunOut();     // what does not end now never will, so there is no need to wait for the time limit
            return true;
        }
        else if (graceIsOver)
        {
            deadlock = new LoopDeadlockException(
                $"Deadlock: nothing on this loop can ever run again. No timer is set, nothing is in flight, and the test is not "
                    + $"done.\n{StandstillReport.Of(loop)}{Latest}");
            core.RequestStop();
            return true;
        }

        return false;
    }

    private bool MayComeFromOutside => core.HasSources || WaitReport.AnyForeignWait(loop, closing);

    // At the end of the test. Real time goes on, and so does virtual time unless it is held, which nobody moves any more, or stands still for sockets, which
    // then have to be quiet for the grace.
    private bool MayGoOnByItself(bool isTimed) =>
        !isTimed ? MayComeFromOutside : clock is null || !(clock.IsHeld || (core.HasSources && clock.IoPatience is null));

    private void EndGrace() => core.TryPost(new GraceEnd(this));

    /// <summary>Arrives without being a step.</summary>
    private sealed class GraceEnd(TestRun run) : LoopItem
    {
        internal override void OnArrived(LoopCore core) => run.graceIsOver = true;

        internal override void Execute()
        {
        }
    }
}
