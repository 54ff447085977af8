using Greenlets;

namespace EventLoop.Samples.Tests;

/// <summary>Explicit switching and generators.</summary>
public sealed class GreenletsTests
{
    [Fact]
    public void Two_greenlets_hand_over_by_name_and_the_first_one_returns_to_whoever_began() => Loop.Run(async () =>
    {
        var log = new List<string>();
        Greenlet<int>? second = null;
        var first = new Greenlet<int>("first", async Coroutine<int> (number) =>
        {
            while (number < 6)
            {
                log.Add($"first {number}");
                number = await second!.Switch(number + 1);
            }

            return number * 100;
        });
        second = new Greenlet<int>("second", async Coroutine<int> (number) =>
        {
            while (true)
            {
                log.Add($"second {number}");
                number = await first.Switch(number + 1);
            }
        });
        (await first.Switch(0)).Should().Be(600);
        log.Should().Equal("first 0", "second 1", "first 2", "second 3", "first 4", "second 5");
        first.IsDead.Should().BeTrue();
        second.IsDead.Should().BeFalse();
        await FluentActions.Invoking(async () => await first.Switch(1)).Should().ThrowAsync<InvalidOperationException>();
    });

    [Fact]
    public void What_a_greenlet_throws_surfaces_in_its_parent() => Loop.Run(async () =>
    {
        var failing = new Greenlet<int>("failing", async Coroutine<int> (_) => throw new InvalidDataException("boom"));
        await FluentActions.Invoking(async () => await failing.Switch(1)).Should().ThrowAsync<InvalidDataException>();
    });

    [Fact]
    public void A_generator_runs_only_as_far_as_it_is_asked_and_ends_when_nobody_wants_more() => Loop.Run(async () =>
    {
        var log = new List<string>();
        var numbers = new Generator<int>(async output =>
        {
            try
            {
                for (int i = 0; ; i++)
                {
                    log.Add($"made {i}");
                    await output.Yield(i);
                }
            }
            finally
            {
                log.Add("ended");
            }
        });
        await foreach (int number in numbers)
        {
            log.Add($"got {number}");
            if (number == 1)
            {
                break;
            }
        }

        await Loop.Yield();
        await Loop.Yield();
        log.Should().Equal("made 0", "got 0", "made 1", "got 1", "ended");
    });

    [Fact]
    public void A_generator_yields_from_others_and_passes_their_failures_on() => Loop.Run(async () =>
    {
        var inner = new Generator<int>(async output =>
        {
            await output.Yield(2);
            await output.Yield(3);
        });
        var outer = new Generator<int>(async output =>
        {
            await output.Yield(1);
            await output.YieldFrom(inner);
            await output.YieldFrom(inner);
            throw new InvalidDataException("end");
        });
        var seen = new List<int>();
        await FluentActions.Invoking(async () =>
        {
            await foreach (int number in outer)
            {
                seen.Add(number);
            }
        }).Should().ThrowAsync<InvalidDataException>();
        seen.Should().Equal(1, 2, 3, 2, 3);
    });

    [Fact]
    public void A_cancellation_inside_a_generator_reaches_whoever_asks_for_a_value() => Loop.Run(async () =>
    {
        var gone = Loop.CreateTask(Loop.Sleep(Timeout.InfiniteTimeSpan));
        var numbers = new Generator<int>(async output =>
        {
            await output.Yield(1);
            gone.Cancel();
            await gone;
        });
        var seen = new List<int>();
        var asking = Loop.CreateTask(async Coroutine () =>
        {
            await foreach (int number in numbers)
            {
                seen.Add(number);
            }
        });
        await FluentActions.Invoking(async () => await Loop.WaitFor(asking, TimeSpan.FromSeconds(5))).Should().ThrowAsync<LoopCanceledException>();
        seen.Should().Equal(1);
    });

    [Fact]
    public void A_failure_after_the_last_value_that_was_wanted_is_reported()
    {
        var reported = new List<Exception?>();
        Loop.Run(async () =>
        {
            Loop.Current.ExceptionHandler = (_, context) => reported.Add(context.Exception);
            var numbers = new Generator<int>(async output =>
            {
                try
                {
                    await output.Yield(1);
                }
                finally
                {
                    throw new InvalidDataException("cannot clean up");
                }
            });
            await foreach (int number in numbers)
            {
                break;
            }

            await Loop.Sleep(1);
        });
        GC.Collect();
        GC.WaitForPendingFinalizers();
        reported.Should().ContainSingle().Which.Should().BeOfType<InvalidDataException>();
    }
}
