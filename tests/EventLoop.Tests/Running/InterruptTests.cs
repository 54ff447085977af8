using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoop.Tests.Running;

/// <summary>
/// Ctrl-C is a matter of a whole process, and the test runner listens to it, too. So each test starts this assembly once more as a
/// child (a module initializer takes over before the runner's entry point), sends it SIGINT, and reads what it prints.
/// </summary>
public sealed partial class InterruptTests
{
    private const string Scenario = "EVENTLOOP_TESTS_CHILD";
    private const int Sigint = 2;

    [Fact]
    public void The_first_interrupt_cancels_main_and_Run_throws_LoopInterruptedException() =>
        Interrupted("cancels main", 1).Should().Equal("ready", "finally", "Run threw LoopInterruptedException");

    [Fact]
    public void A_main_that_survives_the_first_interrupt_returns_its_value() =>
        Interrupted("survives", 1).Should().Equal("ready", "caught", "Run returned 5");

    [Fact]
    public void The_second_interrupt_ends_Run_at_once() =>
        Interrupted("ignores", 2).Should().StartWith(["ready", "caught"]).And.NotContain("Run returned 5");

    [Fact]
    public void An_interrupt_leaves_other_tasks_to_the_orderly_shutdown() =>
        Interrupted("others", 1).Should().Equal("ready", "main ends", "child cleaned up", "Run threw LoopInterruptedException");

    [Fact]
    public void Without_HandleInterrupt_the_process_keeps_its_own_handling() =>
        Interrupted("unhandled", 1).Should().Equal("ready");

    [ModuleInitializer]
    internal static void BeTheChild()
    {
        if (Environment.GetEnvironmentVariable(Scenario) is not { } scenario)
        {
            return;
        }

        // A shell that starts the tests in the background makes its children ignore SIGINT; this one must not.
        signal(Sigint, 0);
        try
        {
            var options = new LoopOptions { HandleInterrupt = scenario != "unhandled", ShutdownTimeout = TimeSpan.FromSeconds(1) };
            int value = Loop.Run(() => Child(scenario), options);
            Console.WriteLine($"Run returned {value}");
        }
        catch (Exception exception)
        {
            Console.WriteLine($"Run threw {exception.GetType().Name}");
        }

        Environment.Exit(0);
    }

    private static async Coroutine<int> Child(string scenario)
    {
        if (scenario == "others")
        {
            Loop.StartSoon(CleanUp());
            await Loop.Yield();
        }

        Console.WriteLine("ready");
        try
        {
            await Loop.Sleep(TimeSpan.FromSeconds(20));
        }
        catch (OperationCanceledException) when (scenario is "survives" or "ignores")
        {
            Console.WriteLine("caught");
        }
        finally
        {
            if (scenario is "cancels main")
            {
                Console.WriteLine("finally");
            }
            else if (scenario is "others")
            {
                Console.WriteLine("main ends");
            }
        }

        if (scenario == "ignores")
        {
            await Loop.Sleep(TimeSpan.FromSeconds(20));
        }

        return 5;
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

    private static List<string> Interrupted(string scenario, int times)
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
        }, null, TimeSpan.FromSeconds(15), System.Threading.Timeout.InfiniteTimeSpan);
        child.ErrorDataReceived += static (_, _) => { };
        child.BeginErrorReadLine();
        List<string> lines = [];
        int sent = 0;
        while (child.StandardOutput.ReadLine() is { } line)
        {
            lines.Add(line);
            if (sent < times && (line is "ready" or "caught"))
            {
                sent++;
                kill(child.Id, Sigint).Should().Be(0);
            }
        }

        child.WaitForExit();
        late.Should().BeFalse("the interrupt ends the program, not the patience of the test");
        return lines;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint signal(int number, nint handler);
}
