using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Debugging;

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
    public void A_slow_callback_is_logged_with_the_name_of_its_method()
    {
        RunLoop(async () =>
        {
            var loop = Loop.Current;
            loop.CallSoon(Dawdle);
            loop.CallSoon(static clock => ((ManualClock)clock).Advance(Slow), (object)Clock);
            loop.CallLater(TimeSpan.Zero, DawdleLater, Clock);
            await Task.Run(() => loop.Post(DawdlePosted));
            await Yields(5);
        }, Impatient);

        string log = string.Join("\n", Logger.Warnings.Select(static entry => entry.Message));
        foreach (string method in (string[])[nameof(Dawdle), nameof(DawdleLater), nameof(DawdlePosted)])
        {
            log.Should().Contain($"callback '{nameof(DebugModeTests)}.{method}'");
        }

        log.Should().Contain($"callback '{nameof(DebugModeTests)}.{nameof(A_slow_callback_is_logged_with_the_name_of_its_method)} (lambda)'");

        void DawdlePosted() => Clock.Advance(Slow);
    }

    private void Dawdle() => Clock.Advance(Slow);

    private static void DawdleLater(ManualClock clock) => clock.Advance(Slow);

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
    public void Operations_that_were_never_awaited_are_reported_with_their_name_and_where_they_were_made()
    {
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = null;
            ForgetOperations();
            await Loop.Yield();
        }, DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        string[] forgotten =
        [
            "AsyncLock.AcquireAsync", "AsyncSemaphore.AcquireAsync", "AsyncEvent.WaitAsync", "AsyncCondition.WaitAsync", "AsyncBarrier.WaitAsync",
                "AsyncQueue.GetAsync",
            "AsyncQueue.PutAsync", "AsyncQueue.JoinAsync", "ChannelSender.SendAsync", "ChannelReceiver.ReceiveAsync", "CapacityLimiter.AcquireAsync",
            "CapacityLimiter.AcquireOnBehalfOfAsync", "Loop.Sleep",
        ];
        foreach (string operation in forgotten)
        {
            Logger.Warnings.Should().ContainSingle(
                entry => entry.Message.Contains($"{operation} was never awaited") && entry.Message.Contains(nameof(ForgetOperations)), operation);
        }

        static void ForgetOperations()
        {
            _ = new AsyncLock().AcquireAsync();
            _ = new AsyncSemaphore().AcquireAsync();
            _ = new AsyncEvent().WaitAsync();
            _ = new AsyncCondition().WaitAsync();
            _ = new AsyncBarrier(2).WaitAsync();
            var queue = new AsyncQueue<int>();
            _ = queue.GetAsync();
            _ = queue.PutAsync(1);
            _ = queue.JoinAsync();
            var (sender, receiver) = MemoryChannel.Create<int>(1);
            _ = sender.SendAsync(1);
            _ = receiver.ReceiveAsync();
            _ = new CapacityLimiter(1).AcquireAsync();
            _ = new CapacityLimiter(1).AcquireOnBehalfOfAsync("job");
            _ = Loop.Sleep(1);
        }
    }

    [Fact]
    public void Operations_that_were_awaited_handed_on_or_made_a_task_are_not_reported()
    {
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = null;
            var queue = new AsyncQueue<string>(1);
            var getting = Loop.CreateTask(queue.GetAsync(), "getter");
            await Loop.Yield();
            getting.WaitingOn.Should().Be("queue (for an item)");
            await queue.PutAsync("waited for");
            (await getting).Should().Be("waited for");

            var mutex = new AsyncLock();
            using (await mutex.AcquireAsync())
            {
                await Loop.Gather(queue.PutAsync("gathered"), queue.GetAsync(), Loop.Sleep(1));
            }

            await Loop.WaitFor(queue.PutAsync("in time"), Seconds(10));
            await queue.GetAsync().AsTask();
            LoopTask early = Loop.CreateTask(mutex.AcquireAsync());
            early.Cancel();
            (await Catch(early)).Should().BeAssignableTo<OperationCanceledException>();
            (await Catch(Loop.WaitFor(queue.GetAsync(), TimeSpan.Zero))).Should().BeOfType<TimeoutException>();
            LoopTask never = Loop.CreateTask(Loop.Sleep(System.Threading.Timeout.InfiniteTimeSpan));
            await Loop.Yield();
            never.Cancel();
        }, DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        Logger.Entries.Should().NotContain(static entry => entry.Message.Contains("never awaited"));
    }

    [Fact]
    public void In_debug_mode_a_second_await_of_any_operation_is_noticed() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        Coroutine<Releaser> acquiring = mutex.AcquireAsync();
        (await acquiring).Dispose();
        (await Catch(acquiring)).Should().BeOfType<InvalidOperationException>();
    }, DebugOptions);

    [Fact]
    public void Debug_mode_that_is_switched_on_and_off_watches_what_is_called_meanwhile()
    {
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = null;
            var queue = new AsyncQueue<int>();
            await queue.PutAsync(1);
            await queue.PutAsync(2);
            _ = queue.GetAsync();
            Loop.Current.Debug = true;
            _ = queue.PutAsync(3);
            Loop.Current.Debug = false;
            _ = queue.JoinAsync();
        });

        Logger.Warnings.Where(static entry =>
            entry.Message.Contains("never awaited")).Should().ContainSingle().Which.Message.Should().Contain("AsyncQueue.PutAsync");
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
