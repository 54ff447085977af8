namespace EventLoop.Tests.Callbacks;

/// <summary>Handlers that others call, on threads of their own.</summary>
[UnderSeeds(20)]
public sealed class BindTests : LoopTest
{
    private event EventHandler? Happened;

    private event EventHandler<int>? Counted;

    [Fact]
    public void A_bound_handler_runs_on_the_loop_whichever_thread_calls_it() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        int here = Environment.CurrentManagedThreadId;
        LoopFuture done = loop.CreateFuture();
        var threads = new List<int>();
        Action plain = loop.Bind(() => threads.Add(Environment.CurrentManagedThreadId));
        Action<int> one = loop.Bind((int _) => threads.Add(Environment.CurrentManagedThreadId));
        Action<int, string> two = loop.Bind((int _, string _) => threads.Add(Environment.CurrentManagedThreadId));
        Action last = loop.Bind(done.SetResult);
        OnThread(() =>
        {
            plain();
            one(1);
            two(1, "");
            last();
        });
        plain();
        await done;
        await Loop.Yield();

        threads.Should().HaveCount(4).And.OnlyContain(thread => thread == here);
    });

    [OneSchedule("it states the order first in, first out")]
    [Fact]
    public void Calls_are_run_in_their_order_and_never_inside_the_call() => RunLoop(async () =>
    {
        Action<string> log = Loop.Current.Bind((string text) => Log.Add(text));
        log("1");
        log("2");
        Loop.Current.CallSoon(() => Log.Add("3"));
        log("4");
        Log.Should().BeEmpty();
        await Yields(2);

        Log.Should().Equal("1", "2", "3", "4");
    });

    [Fact]
    public void What_a_plain_handler_throws_goes_to_the_exception_handler_and_not_to_the_caller() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Action fail = Loop.Current.Bind((Action)(() => throw failure));
        OnThread(fail);
        await Yields(2);

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
    });

    [Fact]
    public void An_asynchronous_handler_is_a_task_on_the_loop_and_the_caller_gets_its_end() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopTask? main = Loop.CurrentTask;
        Func<Task> coroutine = loop.Bind(async Coroutine () =>
        {
            await Loop.Yield();
            Loop.CurrentTask.Should().NotBeNull().And.NotBeSameAs(main);
        });
        Func<int, Task> one = loop.Bind((int n) => Yields(n));
        Func<int, int, Task> two = loop.Bind((int a, int b) => Yields(a + b));
        Func<Task> ordinary = loop.Bind(async Task () => await Loop.Yield());
        Func<int, Task> ordinaryOne = loop.Bind(async Task (int n) => await Loop.Sleep(n));
        Func<Task<int>> value = loop.Bind(() => After(2, 3));
        Func<int, Task<int>> valueOfOne = loop.Bind((int n) => After(2, n));
        Func<int, int, Task<int>> valueOfTwo = loop.Bind((int a, int b) => After(2, a + b));
        Func<int, Task<int>> ordinaryValue = loop.Bind(async Task<int> (int n) => await After(1, n));

        await Task.Run(async () =>
        {
            await coroutine();
            await one(2);
            await two(1, 1);
            await ordinary();
            await ordinaryOne(1);
            (await value()).Should().Be(3);
            (await valueOfOne(4)).Should().Be(4);
            (await valueOfTwo(4, 5)).Should().Be(9);
            (await ordinaryValue(6)).Should().Be(6);
        });
    });

    [Fact]
    public void An_asynchronous_handler_may_be_called_and_awaited_on_the_loop_itself() => RunLoop(async () =>
    {
        Func<int, Task<int>> twice = Loop.Current.Bind((int n) => After(2, 2 * n));

        (await twice(4)).Should().Be(8);
    });

    [Fact]
    public void A_failure_of_an_asynchronous_handler_reaches_whoever_called_it() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Func<Task> fail = Loop.Current.Bind(() => ThrowAfter(1, failure));

        (await Task.Run(async () => await Record.ExceptionAsync(fail))).Should().BeSameAs(failure);
        Reported.Should().BeEmpty();
    });

    [Fact]
    public void A_bound_handler_is_a_handler_of_events() => RunLoop(async () =>
    {
        LoopFuture happened = Loop.Current.CreateFuture();
        LoopFuture<int> counted = Loop.Current.CreateFuture<int>();
        Happened += Loop.Current.Bind((sender, _) =>
        {
            sender.Should().BeSameAs(this);
            happened.SetResult();
        });
        Counted += Loop.Current.Bind((object? _, int count) => counted.SetResult(count));
        OnThread(() =>
        {
            Happened?.Invoke(this, EventArgs.Empty);
            Counted?.Invoke(this, 3);
        });

        await happened;
        (await counted).Should().Be(3);
    });

    [Fact]
    public void The_flow_of_the_call_is_that_of_the_handler() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string>();
        LoopFuture<string?> seen = Loop.Current.CreateFuture<string?>();
        Action look = Loop.Current.Bind(() => seen.SetResult(local.Value));
        OnThread(() =>
        {
            local.Value = "of the caller";
            look();
        });

        (await seen).Should().Be("of the caller");
    });

    [Fact]
    public void After_the_end_of_the_loop_a_plain_handler_is_dropped_and_an_asynchronous_one_has_failed()
    {
        Action? plain = null;
        Func<Task>? coroutine = null;
        Func<Task<int>>? value = null;
        RunLoop(async () =>
        {
            plain = Loop.Current.Bind(() => Log.Add("must not run"));
            coroutine = Loop.Current.Bind(() => Yields(1));
            value = Loop.Current.Bind(() => After(1, 1));
            await Loop.Yield();
        });

        plain!();
        Log.Should().BeEmpty();
        Logger.Warnings.Should().ContainSingle().Which.Message.Should().Contain("bound");
        coroutine!().Exception!.InnerException.Should().BeOfType<ObjectDisposedException>();
        value!().Exception!.InnerException.Should().BeOfType<ObjectDisposedException>();
    }

    [Fact]
    public void Null_is_refused() => RunLoop(async () =>
    {
        Assert.Throws<ArgumentNullException>(() => Loop.Current.Bind((Action)null!));
        Assert.Throws<ArgumentNullException>(() => Loop.Current.Bind((Func<Coroutine>)null!));
        Assert.Throws<ArgumentNullException>(() => Loop.Current.Bind((EventHandler)null!));
    });
}
