using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Diagnostics;

public sealed class DebugModeTests : LoopTest
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(3);

    private LoopOptions Impatient => DebugOptions with { SlowStepThreshold = TimeSpan.FromMilliseconds(1), TimeProvider = Clock };

    [Fact]
    public void A_slow_step_of_a_task_is_logged_with_the_name_of_the_task()
    {
        RunLoop(async () => await Loop.CreateTask(async () => Clock.Advance(Slow), "dawdler"), Impatient);

        Logger.Warnings.Should().Contain(static entry => entry.Message.Contains("dawdler"));
    }

    [Fact]
    public void A_slow_callback_is_logged()
    {
        RunLoop(async () =>
        {
            int before = Logger.Warnings.Count();
            Loop.Current.CallSoon(() => Clock.Advance(Slow));
            await Yields(2);

            Logger.Warnings.Skip(before).Should().NotBeEmpty();
        }, Impatient);
    }

    [Fact]
    public void A_quick_step_is_not_logged()
    {
        RunLoop(() => Yields(10), DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        Logger.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Without_debug_mode_a_slow_step_is_not_logged()
    {
        RunLoop(async () => Clock.Advance(Slow), Impatient with { Debug = false });

        Logger.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Debug_mode_can_be_switched_on_while_the_loop_runs()
    {
        RunLoop(async () =>
        {
            Loop.Current.Debug = true;
            await Loop.Yield();
            await Loop.CreateTask(async () => Clock.Advance(Slow), "dawdler");
        }, Impatient with { Debug = false });

        Logger.Warnings.Should().Contain(static entry => entry.Message.Contains("dawdler"));
    }

    [Fact]
    public void A_task_that_completes_normally_with_a_request_outstanding_is_warned_about()
    {
        RunLoop(async () =>
        {
            LoopTask swallower = Loop.CreateTask(async () => await Catch(Forever()), "swallower");
            await Loop.Yield();
            swallower.Cancel();
            await swallower;
        }, DebugOptions);

        Logger.Warnings.Should().Contain(static entry => entry.Message.Contains("swallower"));
    }

    [Fact]
    public void A_cancelled_task_that_ended_canceled_is_not_warned_about()
    {
        RunLoop(async () =>
        {
            LoopTask obedient = Loop.CreateTask(Forever(), "obedient");
            await Loop.Yield();
            obedient.Cancel();
            await Catch(obedient);
        }, DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        Logger.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void What_is_logged_has_an_event_id_and_the_name_of_the_event()
    {
        RunLoop(async () => await Loop.CreateTask(async () => Clock.Advance(Slow), "dawdler"), Impatient);

        Logger.Warnings.Should().NotBeEmpty().And.OnlyContain(static entry => entry.Event.Id != 0 && entry.Event.Name != null);
    }

    [Fact]
    public void The_report_of_a_failure_says_where_the_task_was_made()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(ThrowAfter(0, new InvalidDataException()));
            await Yields(3);
        }, DebugOptions);

        Reported.Should().ContainSingle().Which.CreatedAt.Should().Contain(nameof(The_report_of_a_failure_says_where_the_task_was_made));
    }

    [Fact]
    public void The_report_of_a_failing_callback_says_where_it_was_scheduled()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(static () => throw new InvalidDataException());
            await Yields(3);
        }, DebugOptions);

        Reported.Should().ContainSingle().Which.CreatedAt.Should().Contain(nameof(The_report_of_a_failing_callback_says_where_it_was_scheduled));
    }

    [Fact]
    public void Everything_works_in_debug_mode_as_without_it() => RunLoop(async () =>
    {
        int[] values = await TaskGroup.Run(async group =>
        {
            LoopTask<int>[] tasks = [.. Enumerable.Range(0, 20).Select(n => group.CreateTask(After(n % 4, n)))];
            return await Loop.Gather(tasks);
        });

        values.Should().Equal(Enumerable.Range(0, 20));
        Logger.Entries.Should().NotContain(static entry => entry.Level >= LogLevel.Error);
    }, DebugOptions);
}

/// <summary>The environment and the garbage collector belong to the whole process.</summary>
[Collection(ProcessWide.Name)]
public sealed class NeverAwaitedTests : LoopTest
{
    [Fact]
    public void A_coroutine_that_was_never_awaited_is_logged_with_its_name_and_where_it_was_made()
    {
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = null;
            for (int i = 0; i < 100 && !Warned(); i++)
            {
                Forget();
                await Loop.Sleep(1);
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }, DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        Warned().Should().BeTrue();
        Logger.Warnings.Should().Contain(static entry => entry.Message.Contains(nameof(ForgottenAsync)) && entry.Message.Contains(nameof(Forget)));

        bool Warned() => Logger.Warnings.Any(static entry => entry.Message.Contains(nameof(ForgottenAsync)));
    }

    [Fact]
    public void A_coroutine_that_was_awaited_is_not_logged()
    {
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = null;
            await ForgottenAsync();
            await Catch(ThrowAfter(1, new InvalidDataException()));
            await Loop.CreateTask(ForgottenAsync());
            for (int i = 0; i < 5; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Loop.Sleep(1);
            }
        }, DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        Logger.Entries.Should().NotContain(static entry => entry.Message.Contains("never awaited"));
    }

    [Fact]
    public void Debug_of_null_is_the_environment_variable()
    {
        string? before = Environment.GetEnvironmentVariable("EVENTLOOP_DEBUG");
        try
        {
            Environment.SetEnvironmentVariable("EVENTLOOP_DEBUG", "1");
            RunLoop(async () => Loop.Current.Debug, Options with { Debug = null }).Should().BeTrue();
            RunLoop(async () => Loop.Current.Debug, Options with { Debug = false }).Should().BeFalse();

            Environment.SetEnvironmentVariable("EVENTLOOP_DEBUG", null);
            RunLoop(async () => Loop.Current.Debug, Options with { Debug = null }).Should().BeFalse();
        }
        finally
        {
            Environment.SetEnvironmentVariable("EVENTLOOP_DEBUG", before);
        }
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Forget() => _ = ForgottenAsync();

    private static async Coroutine ForgottenAsync() => await Loop.Yield();
}
