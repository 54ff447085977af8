using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Debugging;

/// <summary>What a logger, or standard error, throws never gets into the loop.</summary>
[Collection(ProcessWide.Name)]
public sealed class FaultyLoggerTests : LoopTest
{
    private LoopOptions WithIt => Options with { LoggerFactory = new FaultyLoggerFactory() };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_callback_that_fails_does_not_end_the_loop_when_its_failure_cannot_be_logged(bool isEnabledFails)
    {
        string said = Saying(() => RunUnreported(async () =>
        {
            Loop.Current.CallSoon(static () => throw new InvalidOperationException("in a callback"));
            await Yields(3);
            Log.Add("main");
        }, Options with { LoggerFactory = new FaultyLoggerFactory { IsEnabledFails = isEnabledFails } }));

        Log.Should().Equal("main");
        said.Should().Contain("in a callback").And.Contain("no space left");
    }

    [Fact]
    public void What_the_logger_throws_is_told_once_and_not_at_every_line()
    {
        string said = Saying(() => RunUnreported(async () =>
        {
            for (int i = 0; i < 9; i++)
            {
                Loop.Current.CallSoon(static () => throw new InvalidOperationException("in a callback"));
            }

            await Yields(3);
        }, WithIt));

        said.Split("no space left").Should().HaveCount(2);
        said.Split("An exception was thrown in a callback").Should().HaveCount(10);
    }

    [Fact]
    public void Nothing_that_the_loop_has_to_say_ends_it()
    {
        Saying(() => RunUnreported(async () =>
        {
            Loop loop = Loop.Current;
            loop.ExceptionHandler = static (_, _) => throw new InvalidOperationException("in the handler");
            loop.CallSoon(static () => throw new InvalidOperationException("in a callback"));
            Loop.StartSoon(ThrowAfter(1, new InvalidOperationException("in a task")));
            OnThread(() => Record.Exception(() => loop.CallSoon(static () => { })));
            Thread.Sleep(2);      // a slow step
            LoopTask stubborn = Loop.CreateTask(async () => await Catch(Forever()));
            await Yields(2);
            stubborn.Cancel();
            await stubborn;
            Log.Add("main");
        }, WithIt with { Debug = true, SlowStepThreshold = TimeSpan.FromMilliseconds(1), BlockingCalls = BlockingCallPolicy.Warn }));

        Log.Should().Equal("main");
    }

    [Fact]
    public void A_shutdown_that_gives_up_on_a_task_says_so_and_ends_all_the_same()
    {
        string said = Saying(() => RunUnreported(async () =>
        {
            _ = Loop.CreateTask(static async () =>
            {
                while (true)
                {
                    await Catch(Forever());
                }
            }, "stubborn");
            await Yields(2);
        }, WithIt with { ShutdownTimeout = TimeSpan.FromMilliseconds(20) }));

        said.Should().Contain("stubborn");
    }

    [Fact]
    public void Where_standard_error_is_closed_too_what_has_to_be_said_is_dropped()
    {
        var before = Console.Error;
        Console.SetError(new ClosedWriter());
        try
        {
            RunUnreported(async () =>
            {
                Loop.Current.CallSoon(static () => throw new InvalidOperationException("in a callback"));
                await Yields(3);
                Log.Add("main");
            }, WithIt);
        }
        finally
        {
            Console.SetError(before);
        }

        Log.Should().Equal("main");
    }

    [Fact]
    public void An_exception_whose_text_throws_is_told_by_its_type()
    {
        string said = Saying(() => RunUnreported(async () =>
        {
            Loop.Current.CallSoon(static () => throw new Unspeakable());
            await Yields(3);
        }, Options with { LoggerFactory = null }));

        said.Should().Contain(nameof(Unspeakable));
    }

    [Fact]
    public void A_factory_that_makes_no_logger_fails_the_run_before_it_begins_and_leaves_the_thread_as_it_was()
    {
        Record.Exception(() => RunLoop(async () => Log.Add("main"), Options with { LoggerFactory = new FaultyLoggerFactory { CreateFails = true } }))
            .Should().BeOfType<IOException>();

        Log.Should().BeEmpty();
        Loop.TryGetCurrent(out _).Should().BeFalse();
        RunLoop(async () => await Loop.Yield());
    }

    [Fact]
    public void A_loss_that_the_finalizer_finds_behind_the_end_of_the_loop_does_not_end_the_process()
    {
        Saying(() =>
        {
            Loop loop = Lose();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            loop.IsClosed.Should().BeTrue();
        });

        Loop Lose()
        {
            var loop = new Loop(WithIt with { TimeProvider = TimeProvider.System });
            loop.Spawn(ThrowAfter(0, new InvalidOperationException("lost")));
            loop.RunUntilComplete(Yields(3));
            loop.Dispose();
            return loop;
        }
    }

    // RunLoop sets an exception handler, and then nothing is logged.
    private static void RunUnreported(Func<Coroutine> main, LoopOptions options) => Loop.Run(main, options);

    private static string Saying(Action act)
    {
        var before = Console.Error;
        var captured = new StringWriter();
        Console.SetError(captured);
        try
        {
            act();
        }
        finally
        {
            Console.SetError(before);
        }

        return captured.ToString();
    }

    private sealed class Unspeakable : Exception
    {
        public override string Message => throw new InvalidOperationException("no words");

        public override string ToString() => throw new InvalidOperationException("no words");
    }

    private sealed class ClosedWriter : StringWriter
    {
        public override void WriteLine(string? value) => throw new ObjectDisposedException("standard error");
    }
}
