using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Callbacks;

[UnderSeeds(50)]
public sealed class ExceptionHandlerTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void An_exception_in_a_callback_reaches_the_handler_with_its_handle() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Handle handle = Loop.Current.CallSoon(() => throw failure);
        await Loop.Yield();

        LoopExceptionContext context = Reported.Should().ContainSingle().Which;
        context.Exception.Should().BeSameAs(failure);
        context.Handle.Should().Be(handle, "it stands for the same callback");
        context.Message.Should().NotBeNullOrWhiteSpace();
    });

    [Fact]
    public void An_exception_in_a_callback_does_not_stop_the_callbacks_after_it()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(() => throw new InvalidDataException());
            Loop.Current.CallSoon(() => Log.Add("next"));
            await Loop.Yield();
        });

        Log.Should().Equal("next");
    }

    [Fact]
    public void An_exception_in_a_timer_callback_reaches_the_handler() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Loop.Current.CallLater(TimeSpan.Zero, () => throw failure);
        await Yields(3);

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
    });

    [Fact]
    public void An_exception_in_a_done_callback_reaches_the_handler_and_the_other_done_callbacks_run() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        LoopFuture future = Loop.Current.CreateFuture();
        future.AddDoneCallback(_ => throw failure);
        future.AddDoneCallback(_ => Log.Add("second"));
        future.SetResult();
        await Yields(2);

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
        Log.Should().Equal("second");
    });

    [Fact]
    public void An_exception_of_an_async_void_method_reaches_the_handler_and_the_loop_goes_on() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Throwing();
        await Yields(5);

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);

        async void Throwing()
        {
            await Loop.Yield();
            throw failure;
        }
    });

    [Fact]
    public void A_handler_that_throws_does_not_stop_the_loop_and_both_exceptions_are_logged()
    {
        var failure = new InvalidDataException("the callback");
        var second = new InvalidTimeZoneException("the handler");
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = (_, _) => throw second;
            Loop.Current.CallSoon(() => throw failure);
            await Yields(2);
            Log.Add("went on");
        });

        Log.Should().Equal("went on");
        string logged = string.Join('\n', Logger.Warnings.Select(static entry => entry.Message + entry.Exception));
        logged.Should().Contain("the callback").And.Contain("the handler");
    }

    [Fact]
    public void Without_a_handler_the_exception_is_logged_as_an_error()
    {
        var failure = new InvalidDataException();
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = null;
            Loop.Current.CallSoon(() => throw failure);
            await Loop.Yield();
        });

        Logger.Entries.Should().ContainSingle(entry => entry.Level == LogLevel.Error && entry.Exception == failure);
    }

    [Fact]
    public void SetExceptionHandler_sets_the_property_and_null_resets_it() => RunLoop(async () =>
    {
        Action<Loop, LoopExceptionContext> handler = (_, _) => { };

        Loop.Current.SetExceptionHandler(handler);
        Loop.Current.ExceptionHandler.Should().BeSameAs(handler);

        Loop.Current.SetExceptionHandler(null);
        Loop.Current.ExceptionHandler.Should().BeNull();
    });

    [Fact]
    public void CallExceptionHandler_hands_the_context_and_the_loop_to_the_handler() => RunLoop(async () =>
    {
        var context = new LoopExceptionContext("mine", new InvalidDataException());
        (Loop Loop, LoopExceptionContext Context) seen = default;
        Loop.Current.ExceptionHandler = (loop, given) => seen = (loop, given);

        Loop.Current.CallExceptionHandler(context);

        seen.Loop.Should().BeSameAs(Loop.Current);
        seen.Context.Should().BeSameAs(context);
    });

    [Fact]
    public void A_handler_can_fall_back_to_the_default_one()
    {
        var failure = new InvalidDataException();
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = static (loop, context) => loop.DefaultExceptionHandler(context);
            Loop.Current.CallSoon(() => throw failure);
            await Loop.Yield();
        });

        Logger.Entries.Should().ContainSingle(entry => entry.Exception == failure);
    }

    [Fact]
    public void The_handler_runs_in_the_context_of_the_callback_that_failed()
    {
        RunLoop(async () =>
        {
            var local = new AsyncLocal<string> { Value = "main" };
            Loop.Current.ExceptionHandler = (_, _) => Log.Add(local.Value ?? "nothing");
            local.Value = "request 7";
            Loop.Current.CallSoon(() => throw new InvalidDataException());
            local.Value = "main";
            await Loop.Yield();
        });

        Log.Should().Equal("request 7");
    }

    [Fact]
    public void A_failing_callback_does_not_disturb_the_task_that_scheduled_it() => RunLoop(async () =>
    {
        LoopTask? before = Loop.CurrentTask;
        Loop.Current.CallSoon(() => throw new InvalidDataException());
        await Loop.Yield();

        Loop.CurrentTask.Should().BeSameAs(before);
    });
}

/// <summary>With no logger either, the last resort is standard error, of which a process has one.</summary>
[Collection(ProcessWide.Name)]
public sealed class StandardErrorTests : LoopTest
{
    [Fact]
    public void Without_a_handler_and_a_logger_the_exception_goes_to_standard_error()
    {
        TextWriter before = Console.Error;
        using var captured = new StringWriter();
        Console.SetError(captured);
        try
        {
            RunLoop(async () =>
            {
                Loop.Current.ExceptionHandler = null;
                Loop.Current.CallSoon(() => throw new InvalidDataException("seen by a human"));
                await Loop.Yield();
            }, Options with { LoggerFactory = null });
        }
        finally
        {
            Console.SetError(before);
        }

        captured.ToString().Should().Contain("seen by a human");
    }
}
