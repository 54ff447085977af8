namespace EventLoop.Tests.Structure;

[UnderSeeds(20)]
public sealed class OnCanceledTests : LoopTest
{
    [Fact]
    public void A_callback_runs_on_the_loop_once_the_scope_is_cancelled_and_outside_any_task() => RunLoop(async () =>
    {
        await CancelScope.Run(async scope =>
        {
            int thread = Environment.CurrentManagedThreadId;
            scope.OnCanceled(() => Log.Add($"{Environment.CurrentManagedThreadId == thread} {Loop.CurrentTask is null}"));
            scope.Cancel();
            scope.Cancel();
            Log.Should().BeEmpty("it has a step of its own");
            await Catch(Forever());
        });
        await Yields(2);

        Log.Should().Equal("True True");
    });

    [Fact]
    public void A_callback_that_is_registered_late_runs_soon() => RunLoop(async () =>
    {
        var before = new CancelScope();
        before.Cancel();
        before.OnCanceled(() => Log.Add("before its body"));
        await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            scope.OnCanceled(() => Log.Add("inside"));
            await Catch(Forever());
        });
        await Yields(2);

        Log.Should().BeEquivalentTo("before its body", "inside");
    });

    [Fact]
    public void Callbacks_of_a_scope_that_was_cancelled_where_no_loop_runs_run_once_when_it_is_entered()
    {
        var scope = new CancelScope();
        scope.OnCanceled(() => Log.Add("before"));
        scope.Cancel();
        scope.OnCanceled(() => Log.Add("after"));

        RunLoop(async () =>
        {
            await scope.RunAsync(async () => await Forever());
            await Yields(2);
        });

        Log.Should().BeEquivalentTo("before", "after");
    }

    [Fact]
    public void A_callback_runs_for_what_is_cancelled_around_the_scope_as_its_token_fires() => RunLoop(async () =>
    {
        await CancelScope.MoveOnAfter(Seconds(1), async _ => await CancelScope.Run(async inner =>
        {
            inner.OnCanceled(() => Log.Add("inner"));
            await CancelScope.Run(async shielded =>
            {
                shielded.OnCanceled(() => Log.Add("shielded"));
                await Loop.Sleep(Seconds(2));
            }, shield: true);
        }));
        LoopTask task = Loop.CreateTask(async () => await CancelScope.Run(async scope =>
        {
            scope.OnCanceled(() => Log.Add("task"));
            await Forever();
        }));
        await Yields(2);
        task.Cancel();
        await Catch(task);
        await Yields(2);

        Log.Should().Equal("inner", "task");
    });

    [Fact]
    public void A_registration_can_be_taken_back_and_a_scope_that_is_left_forgets_its_callbacks() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        await scope.RunAsync(async () =>
        {
            IDisposable early = scope.OnCanceled(() => Log.Add("taken back"));
            scope.OnCanceled(() => Log.Add("kept"));
            early.Dispose();
            scope.Cancel();
            scope.OnCanceled(() => Log.Add("taken back late")).Dispose();
            await Loop.Yield();
        });
        var left = new CancelScope();
        await left.RunAsync(async () =>
        {
            left.OnCanceled(() => Log.Add("never cancelled"));
            await Loop.Yield();
        });
        left.Cancel();
        left.OnCanceled(() => Log.Add("never cancelled"));
        await Yields(3);

        Log.Should().Equal("kept");
    });

    [Fact]
    public void What_a_callback_throws_is_reported_and_the_others_run() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        await CancelScope.Run(async scope =>
        {
            scope.OnCanceled(() => throw failure);
            scope.OnCanceled(() => Log.Add("ran"));
            scope.Cancel();
            await Loop.Yield();
        });
        await Yields(2);

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
        Log.Should().Equal("ran");
    });

    [Fact]
    public void A_callback_runs_in_the_flow_it_was_registered_in() => RunLoop(async () =>
    {
        var flow = new AsyncLocal<string>();
        await CancelScope.Run(async scope =>
        {
            flow.Value = "at the registration";
            scope.OnCanceled(() => Log.Add(flow.Value!));
            flow.Value = "later";
            scope.Cancel();
            await Loop.Yield();
        });
        await Yields(2);

        Log.Should().Equal("at the registration");
    });
}
