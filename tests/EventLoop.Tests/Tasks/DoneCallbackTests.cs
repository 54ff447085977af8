namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class DoneCallbackTests : LoopTest
{
    [Fact]
    public void Done_callbacks_run_through_the_ready_queue_and_never_inline()
    {
        RunLoop(async () =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            future.AddDoneCallback(_ => Log.Add("callback"));
            future.SetResult();
            Log.Add("after SetResult");
            await Loop.Yield();
        });

        Log.Should().Equal("after SetResult", "callback");
    }

    [Fact]
    public void A_done_callback_added_to_a_finished_future_is_not_run_inline_either()
    {
        RunLoop(async () =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            future.SetResult();
            future.AddDoneCallback(_ => Log.Add("callback"));
            Log.Add("after AddDoneCallback");
            await Loop.Yield();
        });

        Log.Should().Equal("after AddDoneCallback", "callback");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Done_callbacks_run_in_the_order_of_their_registration()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(Yields(1));
            for (int i = 0; i < 4; i++)
            {
                int n = i;
                task.AddDoneCallback(_ => Log.Add($"{n}"));
            }

            await task;
            await Loop.Yield();
        });

        Log.Should().Equal("0", "1", "2", "3");
    }

    [Fact]
    public void A_done_callback_gets_the_task() => RunLoop(async () =>
    {
        LoopAwaitable? seen = null;
        LoopTask<int>? typed = null;
        LoopTask<int> task = Loop.CreateTask(After(1, 1));
        task.AddDoneCallback((LoopAwaitable done) => seen = done);
        task.AddDoneCallback((LoopTask<int> done) => typed = done);
        await task;
        await Loop.Yield();

        seen.Should().BeSameAs(task);
        typed.Should().BeSameAs(task);
    });

    [Fact]
    public void Done_callbacks_run_after_a_failure_and_after_a_cancellation()
    {
        RunLoop(async () =>
        {
            LoopTask failing = Loop.CreateTask(ThrowAfter(0, new InvalidDataException()));
            failing.AddDoneCallback(task => Log.Add($"faulted {task.IsFaulted}"));
            await Catch(failing);
            LoopTask cancelled = Loop.CreateTask(Forever());
            cancelled.AddDoneCallback(task => Log.Add($"canceled {task.IsCanceled}"));
            cancelled.Cancel();
            await Catch(cancelled);
            await Loop.Yield();
        });

        Log.Should().Equal("faulted True", "canceled True");
    }

    [Fact]
    public void RemoveDoneCallback_removes_every_registration_and_says_how_many()
    {
        RunLoop(async () =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            future.AddDoneCallback(Unwanted);
            future.AddDoneCallback(_ => Log.Add("wanted"));
            future.AddDoneCallback(Unwanted);

            future.RemoveDoneCallback(Unwanted).Should().Be(2);
            future.RemoveDoneCallback(Unwanted).Should().Be(0);

            future.SetResult();
            await Loop.Yield();
        });

        Log.Should().Equal("wanted");

        void Unwanted(LoopAwaitable done) => Log.Add("unwanted");
    }

    [Fact]
    public void Typed_done_callbacks_can_be_removed() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        Action<LoopFuture<int>> callback = _ => Log.Add("must not run");
        future.AddDoneCallback(callback);

        future.RemoveDoneCallback(callback).Should().Be(1);

        future.SetResult(1);
        await Yields(2);
        Log.Should().BeEmpty();
    });

    [Fact]
    public void A_done_callback_runs_in_the_context_of_its_registration()
    {
        RunLoop(async () =>
        {
            var local = new AsyncLocal<string> { Value = "registered" };
            LoopFuture future = Loop.Current.CreateFuture();
            future.AddDoneCallback(_ => Log.Add(local.Value!));
            local.Value = "later";
            future.SetResult();
            await Loop.Yield();
        });

        Log.Should().Equal("registered");
    }

    [Fact]
    public void A_done_callback_that_throws_does_not_change_the_outcome() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(1, 5));
        task.AddDoneCallback((LoopAwaitable _) => throw new InvalidDataException());

        (await task).Should().Be(5);
        await Loop.Yield();
        Reported.Should().ContainSingle();
    });

    [Fact]
    public void A_done_callback_is_called_once()
    {
        RunLoop(async () =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            future.AddDoneCallback(_ => Log.Add("callback"));
            future.TrySetResult();
            future.TrySetResult();
            future.Cancel();
            await Yields(3);
        });

        Log.Should().Equal("callback");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Theory]
    [InlineData("future")]
    [InlineData("future with a value")]
    [InlineData("task")]
    public void Awaiters_and_done_callbacks_have_their_turn_in_the_order_in_which_they_came(string kind)
    {
        RunLoop(async () =>
        {
            LoopFuture<int> gate = Loop.Current.CreateFuture<int>();
            LoopFuture plain = Loop.Current.CreateFuture();
            LoopAwaitable awaited = kind switch { "future" => plain, "task" => Loop.CreateTask(async () => await gate), _ => gate };
            await Yields(2);
            awaited.AddDoneCallback(_ => Log.Add("callback 1"));
            LoopTask first = Loop.CreateTask(Awaits("awaiter 2", awaited));
            await Yields(2);
            awaited.AddDoneCallback(_ => Log.Add("callback 3"));
            LoopTask second = Loop.CreateTask(Awaits("awaiter 4", awaited));
            await Yields(2);
            awaited.AddDoneCallback(_ => Log.Add("callback 5"));
            plain.SetResult();
            gate.SetResult(1);
            await Loop.Gather(first, second);
            await Loop.Yield();
        });

        Log.Should().Equal("callback 1", "awaiter 2", "callback 3", "awaiter 4", "callback 5");

        async Coroutine Awaits(string name, LoopAwaitable awaited)
        {
            await awaited;
            Log.Add(name);
        }
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Callbacks_that_were_taken_back_leave_the_order_of_the_others_and_of_the_awaiters()
    {
        RunLoop(async () =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            Action<LoopAwaitable> gone = _ => Log.Add("gone");
            Action<LoopAwaitable> kept = _ => Log.Add("kept");
            future.AddDoneCallback(gone);
            LoopTask awaiter = Loop.CreateTask(async () =>
            {
                await future;
                Log.Add("awaiter");
            });
            await Loop.Yield();
            future.AddDoneCallback(kept);
            future.AddDoneCallback(gone);
            future.RemoveDoneCallback(gone).Should().Be(2);
            future.AddDoneCallback(gone);
            future.AddDoneCallback(kept);
            future.RemoveDoneCallback(gone).Should().Be(1);
            future.Awaiters.Should().Equal(awaiter);
            future.SetResult();
            future.RemoveDoneCallback(kept).Should().Be(0);
            await awaiter;
            await Loop.Yield();
        });

        Log.Should().Equal("awaiter", "kept", "kept");
    }
}
