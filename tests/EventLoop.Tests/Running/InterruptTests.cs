using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoop.Tests.Running;

/// <summary>
/// Ctrl-C is a matter of a whole process, and the test runner listens to it, too. So each test starts this assembly once more as a
/// child (a module initializer takes over before the runner's entry point), sends it signals, and reads what it prints.
/// </summary>
public sealed partial class InterruptTests
{
    private const string Scenario = "EVENTLOOP_TESTS_CHILD";
    private const int Sigint = 2;
    private const int Sigterm = 15;

    private static readonly LoopLocal<SlowToDispose> Slow = new(static () => new SlowToDispose());

    [Fact]
    public void The_first_interrupt_cancels_main_and_Run_throws_LoopInterruptedException() =>
        Interrupted("cancels main", Sigint).Output.Should().Equal("ready", "finally", "Run threw LoopInterruptedException");

    [Fact]
    public void SIGTERM_cancels_main_as_Ctrl_C_does() =>
        Interrupted("cancels main", Sigterm).Output.Should().Equal("ready", "finally", "Run threw LoopInterruptedException");

    [Fact]
    public void The_first_interrupt_says_in_one_line_where_main_waits_and_what_another_one_does() =>
        Interrupted("cancels main", Sigint).Error.Should().ContainSingle().Which.Should()
            .Contain("Ctrl-C").And.Contain("waits on sleep").And.Contain(nameof(Child)).And.Contain("again ends the run at once");

    [Fact]
    public void The_first_interrupt_names_a_step_that_does_not_end() =>
        Interrupted("stuck", Sigint, Sigint, Sigint).Error.Should().ContainSingle().Which.Should()
            .Contain("Ctrl-C").And.Contain("has not come back from a step of task 'Task-1'").And.Contain("The third Ctrl-C ends the process");

    [Fact]
    public void A_main_that_survives_the_first_interrupt_returns_its_value() =>
        Interrupted("survives", Sigint).Output.Should().Equal("ready", "caught", "Run returned 5");

    [Fact]
    public void The_second_interrupt_ends_Run_at_once_and_finally_blocks_run() =>
        Interrupted("ignores", Sigint, Sigint).Output.Should().Equal("ready", "caught", "finally", "Run threw LoopInterruptedException");

    [Fact]
    public void The_second_interrupt_ends_Run_although_main_swallows_every_cancellation() =>
        Interrupted("stubborn", Sigint, Sigint).Output.Should().StartWith(["ready", "caught"]).And.EndWith("Run threw LoopInterruptedException");

    [Fact]
    public void The_second_interrupt_ends_the_cleanup_of_others_and_their_finally_blocks_run() =>
        Interrupted("slow cleanup", Sigint, Sigint).Output.Should().Equal("ready", "main ends", "cleanup begins", "cleanup is cut off",
            "Run threw LoopInterruptedException");

    [Fact]
    public void The_second_interrupt_does_not_wait_for_work_in_the_executor() =>
        Interrupted("executor", Sigint, Sigint).Output.Should().Equal("ready", "main ends", "Run threw LoopInterruptedException");

    [Fact]
    public void The_second_interrupt_leaves_only_a_moment_for_the_disposal_of_loop_local_values() =>
        Interrupted("slow disposal", Sigint, Sigint).Output.Should().Equal("ready", "main ends", "disposal begins", "Run threw LoopInterruptedException");

    [Fact]
    public void The_third_interrupt_is_the_systems() =>
        Interrupted("stuck", Sigint, Sigint, Sigint).ExitCode.Should().Be(128 + Sigint);

    [Fact]
    public void An_interrupt_leaves_other_tasks_to_the_orderly_shutdown() =>
        Interrupted("others", Sigint).Output.Should().Equal("ready", "main ends", "child cleaned up", "Run threw LoopInterruptedException");

    [Fact]
    public void Without_HandleInterrupt_the_process_keeps_its_own_handling() =>
        Interrupted("unhandled", Sigint).Output.Should().Equal("ready");

    [Fact]
    public void A_cancellation_by_somebody_else_before_the_interrupt_is_no_interrupt() =>
        Interrupted("cancelled before").Output.Should().Equal("ready", "Run threw LoopCanceledException");

    [Fact]
    public void A_cancellation_by_somebody_else_after_a_swallowed_interrupt_is_no_interrupt() =>
        Interrupted("cancelled after", Sigint).Output.Should().Equal("ready", "caught", "Run threw LoopCanceledException");

    [Fact]
    public void An_interrupt_that_comes_through_an_awaited_task_and_is_translated_is_an_interrupt() =>
        Interrupted("translated", Sigint).Output.Should().Equal("ready", "Run threw LoopInterruptedException");

    [Fact]
    public void An_interrupt_during_the_cleanup_after_a_timeout_is_an_interrupt() =>
        Interrupted("after a timeout", Sigint).Output.Should().Equal("ready", "cleaned up", "Run threw LoopInterruptedException");

    [Theory]
    [InlineData(Sigint, 130)]
    [InlineData(Sigterm, 143)]
    public void RunMain_returns_the_exit_code_of_the_signal(int signal, int code) =>
        Interrupted("exit code", signal).Output.Should().Equal("ready", "finally", $"RunMain returned {code}");

    [Fact]
    public void A_signal_that_came_in_the_last_moment_of_a_run_does_not_end_the_process_afterwards()
    {
        var (output, _, code) = Interrupted("last moment");

        output.Should().Equal(["50 runs"], "the exit code is {0}", code);
    }

    [Fact]
    public void RunMain_prints_a_failure_as_NET_does_and_returns_one()
    {
        var (output, error, code) = Interrupted("fails");

        output.Should().Equal("RunMain returned 1");
        error[0].Should().Be("Unhandled exception. System.IO.InvalidDataException: the disk is gone");
        error.Should().Contain(static line => line.Contains(nameof(Fail)));
        code.Should().Be(0);
    }

    [ModuleInitializer]
    internal static void BeTheChild()
    {
        if (Environment.GetEnvironmentVariable(Scenario) is not { } scenario)
        {
            return;
        }

        // A shell that starts the tests in the background makes its children ignore SIGINT; this one must not.
        signal(Sigint, 0);
        var options = new LoopOptions
        {
            HandleInterrupt = scenario != "unhandled",
            ShutdownTimeout = TimeSpan.FromSeconds(scenario is "slow cleanup" or "slow disposal" or "stubborn" or "executor" ? 60 : 1),
        };
        if (scenario is "exit code" or "fails")
        {
            Console.WriteLine($"RunMain returned {Loop.RunMain(() => scenario == "fails" ? Fail() : Child("cancels main"), options)}");
            Environment.Exit(0);
        }

        if (scenario == "last moment")
        {
            Console.WriteLine($"{RunsWithASignalAtTheirEnd(50, options)} runs");
            Environment.Exit(0);
        }

        try
        {
            int value = Loop.Run(() => Child(scenario), options);
            Console.WriteLine($"Run returned {value}");
        }
        catch (Exception exception)
        {
            Console.WriteLine($"Run threw {exception.GetType().Name}");
        }

        Environment.Exit(0);
    }

    private static int RunsWithASignalAtTheirEnd(int most, LoopOptions options)
    {
        int runs = 0;
        while (runs < most)
        {
            try
            {
                runs++;
                Loop.Run(async () =>
                {
                    await Loop.Yield();
                    raise(runs % 2 == 0 ? Sigint : Sigterm);
                }, options);
            }
            catch (LoopInterruptedException)
            {
                // It was heard before main was done.
            }
        }

        return runs;
    }

    private static async Coroutine<int> Fail()
    {
        await Loop.Yield();
        throw new InvalidDataException("the disk is gone");
    }

    private static async Coroutine<int> Child(string scenario)
    {
        switch (scenario)
        {
            case "others":
                Loop.StartSoon(CleanUp());
                await Loop.Yield();
                break;
            case "slow cleanup":
                Loop.StartSoon(CleanUpSlowly());
                await Loop.Yield();
                break;
            case "slow disposal":
                _ = Slow.Value;
                break;
            case "executor":
                Loop.StartSoon(Loop.ToThread(static () => Thread.Sleep(TimeSpan.FromSeconds(60))));
                await Loop.Yield();
                break;
            case "stubborn":
                Console.WriteLine("ready");
                await Stubborn();
                break;
            case "stuck":
                Console.WriteLine("ready");
                Thread.Sleep(TimeSpan.FromSeconds(60));
                break;
            case "cancelled before":
                // As in asyncio's own tests: the signal comes when somebody else has cancelled main already.
                Console.WriteLine("ready");
                Loop.CurrentTask!.Cancel("by itself");
                kill(Environment.ProcessId, Sigint).Should().Be(0);
                Thread.Sleep(100);      // until the signal is on its way to the loop; that it comes first is what this is about
                break;
            case "after a timeout":
                await Loop.WaitFor(CleanUpShielded, TimeSpan.FromMilliseconds(10));
                break;
            case "translated":
                var inner = Loop.CreateTask(Loop.Sleep(TimeSpan.FromSeconds(20)));
                Console.WriteLine("ready");
                try
                {
                    await inner;
                }
                catch (OperationCanceledException cause)
                {
                    throw new OperationCanceledException("translated", cause);
                }

                break;
        }

        if (scenario != "cancelled before")
        {
            Console.WriteLine("ready");
        }

        try
        {
            await Loop.Sleep(TimeSpan.FromSeconds(20));
        }
        catch (OperationCanceledException) when (scenario is "survives" or "ignores" or "cancelled after")
        {
            Console.WriteLine("caught");
        }
        finally
        {
            if (scenario is "cancels main")
            {
                Console.WriteLine("finally");
            }
            else if (scenario is "others" or "slow cleanup" or "slow disposal" or "executor")
            {
                Console.WriteLine("main ends");
            }
        }

        if (scenario == "ignores")
        {
            try
            {
                await Loop.Sleep(TimeSpan.FromSeconds(20));
            }
            finally
            {
                await Loop.Yield();
                Console.WriteLine("finally");
            }
        }
        else if (scenario == "cancelled after")
        {
            Loop.CurrentTask!.Cancel("by itself");
            await Loop.Sleep(TimeSpan.FromSeconds(20));
        }

        return 5;
    }

    private static async Coroutine Stubborn()
    {
        while (true)
        {
            try
            {
                await Loop.Sleep(TimeSpan.FromSeconds(60));
            }
            catch (OperationCanceledException)
            {
                Console.WriteLine("caught");
            }
        }
    }

    private static async Coroutine CleanUpShielded()
    {
        try
        {
            await Loop.Sleep(TimeSpan.FromSeconds(20));
        }
        finally
        {
            Console.WriteLine("ready");
            await CancelScope.Run(async _ =>
            {
                while (Loop.CurrentTask!.CancelRequests < 2)      // the timeout's, and the interrupt's
                {
                    await Loop.Sleep(TimeSpan.FromMilliseconds(1));
                }
            }, shield: true);
            Console.WriteLine("cleaned up");
        }
    }

    private static async Coroutine CleanUp()
    {
        try
        {
            await Loop.Sleep(TimeSpan.FromSeconds(20));
        }
        finally
        {
            Console.WriteLine("child cleaned up");
        }
    }

    private static async Coroutine CleanUpSlowly()
    {
        try
        {
            await Loop.Sleep(TimeSpan.FromSeconds(60));
        }
        finally
        {
            Console.WriteLine("cleanup begins");
            try
            {
                await Loop.Sleep(TimeSpan.FromSeconds(60));
            }
            finally
            {
                Console.WriteLine("cleanup is cut off");
            }
        }
    }

    private sealed class SlowToDispose : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Console.WriteLine("disposal begins");
            await Loop.Sleep(TimeSpan.FromSeconds(60));
        }
    }

    /// <summary>Runs the scenario in a child, which gets one signal for each line that says how far it is; what it prints, and how it ends.</summary>
    private static (List<string> Output, List<string> Error, int ExitCode) Interrupted(string scenario, params int[] signals)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Signals are sent with kill(2).");

        string assembly = typeof(InterruptTests).Assembly.Location;
        var start = new ProcessStartInfo("dotnet", [assembly])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [Scenario] = scenario },
        };
        using Process child = Process.Start(start)!;
        bool late = false;
        using var limit = new Timer(_ =>
        {
            late = true;
            child.Kill();
        }, null, TimeSpan.FromSeconds(25), System.Threading.Timeout.InfiniteTimeSpan);
        List<string> error = [];
        int sent = 0;
        var readingError = Task.Run(() =>
        {
            while (child.StandardError.ReadLine() is { } line)
            {
                error.Add(line);
                for (int more = 0; scenario == "stuck" && more < 2; more++)
                {
                    // The loop's thread is in a step that does not end, so only this says how far it is.
                    // Signals of one kind merge while the first is not taken yet.
                    kill(child.Id, signals[++sent - 1]);
                    Thread.Sleep(300);
                }
            }
        });
        List<string> lines = [];
        while (child.StandardOutput.ReadLine() is { } line)
        {
            lines.Add(line);
            if (sent < signals.Length && line is "ready" or "caught" or "cleanup begins" or "disposal begins" || (scenario == "executor" && line == "main ends"))
            {
                if (sent < signals.Length)
                {
                    kill(child.Id, signals[sent++]).Should().Be(0);
                }
            }
        }

        child.WaitForExit();
        readingError.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
        late.Should().BeFalse("the interrupt ends the program, not the patience of the test");
        return (lines, error, child.ExitCode);
    }

    [LibraryImport("libc", EntryPoint = "raise")]
    private static partial int raise(int signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint signal(int number, nint handler);
}
