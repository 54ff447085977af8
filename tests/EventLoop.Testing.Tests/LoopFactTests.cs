using System.Diagnostics;
using System.Text.RegularExpressions;

namespace EventLoop.Testing.Tests;

public sealed class LoopFactTests : IDisposable
{
    private static int objects;
    private static readonly HashSet<string> Orders = [];

    private readonly List<int> mine = [];

    public LoopFactTests() => Interlocked.Increment(ref objects);

    public void Dispose()
    {
    }

    [LoopFact]
    public async Coroutine The_body_is_a_coroutine_on_virtual_time()
    {
        await Loop.Sleep(TimeSpan.FromDays(30));
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromDays(30));
        Loop.CurrentTask!.Name.Should().Be("test");
    }

    [LoopFact]
    public async Coroutine<int> A_result_is_dropped()
    {
        await Loop.Yield();
        return 42;
    }

    [LoopFact]
    public async Task The_body_is_a_task()
    {
        await Loop.Sleep(1000);
        await Task.Yield();
        Loop.Current.IsInLoopThread.Should().BeTrue();
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromSeconds(1));
    }

    [LoopFact]
    public async ValueTask The_body_is_a_value_task() => await Loop.Yield();

    [LoopFact]
    public void The_body_is_void() => Loop.Current.IsRunning.Should().BeTrue();

    [LoopFact(Clock = TestClock.Real)]
    public async Coroutine Time_is_real_where_it_is_asked_for()
    {
        var clock = () => TestLoop.Clock;
        clock.Should().Throw<InvalidOperationException>();
        await Loop.Sleep(1);
    }

    [LoopFact(Timeout = int.MaxValue, Seeds = 3)]
    public async Coroutine All_schedules_together_may_take_any_time() => await Loop.Yield();

    [LoopFact(Seeds = 50)]
    public async Coroutine Under_many_seeds_each_run_has_a_fresh_object()
    {
        mine.Should().BeEmpty();
        async Coroutine Note(int number)
        {
            await Loop.Yield();
            mine.Add(number);
        }

        await Loop.Gather(Note(1), Note(2), Note(3), Note(4));
        Orders.Add(string.Join(' ', mine));
        if (objects > 50)
        {
            Orders.Should().HaveCountGreaterThan(5);
        }
    }

    [LoopTheory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Coroutine A_theory_has_data(int seconds)
    {
        await Loop.Sleep(TimeSpan.FromSeconds(seconds));
        TestLoop.Clock.Elapsed.Should().Be(TimeSpan.FromSeconds(seconds));
    }

    public static TheoryData<object> NotSerializable => [new object(), new List<object>()];

    [LoopTheory(Seeds = 3)]
    [MemberData(nameof(NotSerializable))]
    public async Coroutine A_theory_may_look_at_its_data_when_it_runs(object value)
    {
        value.Should().NotBeNull();
        await Loop.Sleep(1);
    }

    [LoopFact]
    public async Coroutine The_test_context_is_there()
    {
        TestContext.Current.Test!.TestDisplayName.Should().Contain(nameof(The_test_context_is_there));
        await Loop.Yield();
        TestContext.Current.Test.Should().NotBeNull();
    }

    [Fact]
    public void Each_kind_of_failure_fails_its_test()
    {
        // The tests of FailingTests run only in this child process.
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(LoopFactTests).Assembly.Location);
        }

        foreach (string argument in new[]
        {
            "-explicit", "only", "-class", typeof(FailingTests).FullName!, "-class", typeof(FailingCleanupTests).FullName!, "-class",
            typeof(FailingTwiceTests).FullName!, "-noColor",
        })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(60_000).Should().BeTrue();

        output.Should().Contain("Deadlocks [FAIL]").And.Contain("Deadlock: nothing on this loop can ever run again");
        output.Should().Contain("Deadlocks_in_a_method_of_dotnet [FAIL]").And.Contain("task 'test' waits on lock (held by task 'test')");
        output.Should().Contain("Leaves_a_task_running [FAIL]").And.Contain("task 'janitor'");
        output.Should().Contain("Loses_a_failure [FAIL]").And.Contain("never retrieved");
        output.Should().Contain("Forgets_a_coroutine [FAIL]").And.Contain("Forgotten was never awaited");
        output.Should().Contain("Blocks [FAIL]").And.Contain("would block the thread of loop");
        output.Should().Contain("Takes_too_long [FAIL]").And.Contain("did not end within 0.1 s");
        output.Should().Contain("Depends_on_the_schedule [FAIL]").And.Contain("The scenario failed with seed");
        Of("Depends_on_the_schedule").Should().Contain("Inside the test's loop:").And.Contain("What happened last:");
        Of("Fails_under_a_seed_and_cannot_be_cleaned_up").Should().Contain("the cleanup").And.Contain("Inside the test's loop:");
        output.Should().Contain("Throws(number: 7) [FAIL]").And.Contain("System.FormatException : number 7");
        output.Should().Contain("Takes_too_long_for_its_row(number: 1) [FAIL]").And.Contain("did not end within 0.11 s");
        output.Should().Contain("Takes_too_long_for_its_row(number: 2) [FAIL]").And.Contain("did not end within 0.12 s");
        output.Should().Contain("Takes_too_long_for_what_it_is_given(value: Object").And.Contain("did not end within 0.13 s");
        output.Should().Contain("Cannot_be_cleaned_up [FAIL]").And.Contain("System.FormatException : the second object");
        output.Should().Contain("Is_skipped [SKIP]").And.Contain("to be skipped");
        output.Should().Contain("Is_skipped_by_its_failure [SKIP]").And.Contain("not here");
        Of("Waits_in_an_executor").Should().Contain("did not end within 0.14 s").And.Contain("work in an executor").And.NotContain("left behind");
        Of("Waits_with_the_token_of_the_framework").Should().Contain("did not end within 0.15 s");
        output.Should().Contain("The token of the framework has fired.");
        Of("Is_async_void").Should().Contain("Is_async_void is async void").And.Contain("return Coroutine or Task");
        Of("Leaves_a_task_running").Should().Contain("Inside the test's loop:");
        output.Should().Contain("Failed: 17, Skipped: 2", errors.Result);

        // What is said of one test, up to the next.
        string Of(string test) => Regex.Match(output, $@"{test} \[FAIL\](.*?)(\[FAIL\]|\[SKIP\]|\z)", RegexOptions.Singleline).Groups[1].Value;
    }
}

/// <summary>What a test's constructor asks for is there for the object of each schedule.</summary>
public sealed class ConstructorArgumentTests(ITestOutputHelper output, ITestContextAccessor context,
    ConstructorArgumentTests.Shelf shelf) : IClassFixture<ConstructorArgumentTests.Shelf>, IAsyncLifetime
{
    private bool initialized;

    public sealed class Shelf
    {
        public HashSet<object> Objects { get; } = [];
    }

    public async ValueTask InitializeAsync()
    {
        await Task.Yield();
        initialized = true;
    }

    public ValueTask DisposeAsync() => default;

    [LoopFact(Seeds = 3)]
    public async Coroutine Each_schedule_has_an_object_with_all_that_its_constructor_asks_for()
    {
        await Loop.Yield();
        output.WriteLine("seen");
        context.Current.Test.Should().NotBeNull();
        initialized.Should().BeTrue();
        shelf.Objects.Add(this).Should().BeTrue();
        shelf.Objects.Should().HaveCountLessThanOrEqualTo(3);
    }
}

/// <summary>The object of each schedule is made and disposed where no loop runs, as the first one is by the framework.</summary>
public sealed class FreshObjectTests : IAsyncLifetime
{
    private static readonly List<string> Events = [];

    private readonly bool madeOnALoop = Loop.TryGetCurrent(out _);
    private bool initializedOnALoop;

    public FreshObjectTests() => new TaskCompletionSource().Task.Wait(1).Should().BeFalse();      // it may block

    public async ValueTask InitializeAsync()
    {
        await Task.Yield();
        Loop.Run(() => Loop.Sleep(1));
        initializedOnALoop = Loop.TryGetCurrent(out _);
        Events.Add("begin");
    }

    public ValueTask DisposeAsync()
    {
        Loop.TryGetCurrent(out _).Should().BeFalse();
        new TaskCompletionSource().Task.Wait(1).Should().BeFalse();
        Events.Add("end");
        return default;
    }

    [LoopFact(Seeds = 4)]
    public async Coroutine It_lives_outside_of_the_loop()
    {
        await Loop.Yield();
        madeOnALoop.Should().BeFalse();
        initializedOnALoop.Should().BeFalse();

        // The framework disposes the first one in the end.
        string before = string.Join(' ', Events);
        before.Should().Be("begin" + (Events.Count == 1 ? "" : " begin" + string.Concat(Enumerable.Repeat(" end begin", (Events.Count - 2) / 2))));
    }
}

/// <summary>Run by <see cref="LoopFactTests.Each_kind_of_failure_fails_its_test"/> only.</summary>
public sealed class FailingCleanupTests : IDisposable
{
    private static int made;
    private readonly int number = ++made;

    public void Dispose()
    {
        if (number == 2)
        {
            throw new FormatException("the second object");
        }
    }

    [LoopFact(Explicit = true, Seeds = 3)]
    public async Coroutine Cannot_be_cleaned_up() => await Loop.Yield();
}

/// <summary>Run by <see cref="LoopFactTests.Each_kind_of_failure_fails_its_test"/> only.</summary>
public sealed class FailingTwiceTests : IDisposable
{
    private static int made;
    private readonly int number = ++made;

    public void Dispose()
    {
        if (number == 2)
        {
            throw new FormatException("the cleanup");
        }
    }

    [LoopFact(Explicit = true, Seeds = 3)]
    public async Coroutine Fails_under_a_seed_and_cannot_be_cleaned_up()
    {
        await Loop.Yield();
        if (number == 2)
        {
            throw new InvalidOperationException("the test");
        }
    }
}

/// <summary>Run by <see cref="LoopFactTests.Each_kind_of_failure_fails_its_test"/> only.</summary>
public class FailingTests
{
    [LoopFact(Explicit = true)]
    public async Coroutine Deadlocks() => await new LoopFuture();

    [LoopFact(Explicit = true)]
    public async Task Deadlocks_in_a_method_of_dotnet()
    {
        var door = new AsyncLock();
        using (await door.AcquireAsync())
        {
            await EnterAsync();
        }

        async Task EnterAsync()
        {
            using (await door.AcquireAsync())
            {
            }
        }
    }

    [LoopFact(Explicit = true)]
    public void Leaves_a_task_running() => Loop.CreateTask(Loop.Sleep(1000), "janitor");

    [LoopFact(Explicit = true)]
    public async Coroutine Loses_a_failure()
    {
        _ = Loop.CreateTask(Coroutine () => throw new FormatException("lost"));
        await Loop.Sleep(1);
    }

    [LoopFact(Explicit = true)]
    public async Task Forgets_a_coroutine()
    {
        _ = Forgotten();
        await Task.Yield();

        static async Coroutine Forgotten() => await Loop.Yield();
    }

    [LoopFact(Explicit = true)]
    public void Blocks() => new TaskCompletionSource().Task.Wait(TimeSpan.FromSeconds(20));

    [LoopFact(Explicit = true, Timeout = 100)]
    public async Coroutine Takes_too_long() => await new TaskCompletionSource().Task;

    [LoopFact(Explicit = true, Timeout = 140)]
    public async Coroutine Waits_in_an_executor() => await Loop.ToThread(static () => Thread.Sleep(TimeSpan.FromMinutes(1)));

    [LoopFact(Explicit = true, Timeout = 150)]
    public async Task Waits_with_the_token_of_the_framework()
    {
        var token = TestContext.Current.CancellationToken;
        using var registration = token.Register(static () => Console.WriteLine("The token of the framework has fired."));
        await Task.Delay(TimeSpan.FromMinutes(1), token);
    }

#pragma warning disable xUnit1048 // async void is refused, which is what this is about
    [LoopFact(Explicit = true)]
    public async void Is_async_void()
    {
        await Loop.Yield();
        throw new InvalidOperationException("never seen");
    }
#pragma warning restore xUnit1048

    [LoopTheory(Explicit = true)]
    [InlineData(1, Timeout = 110)]
    [MemberData(nameof(Impatient))]
    public async Coroutine Takes_too_long_for_its_row(int number) => await LateAsync(number);

    [LoopTheory(Explicit = true)]
    [MemberData(nameof(ImpatientAndNotSerializable))]
    public async Coroutine Takes_too_long_for_what_it_is_given(object value) => await LateAsync(value);

    public static IEnumerable<TheoryDataRow<int>> Impatient => [new(2) { Timeout = 120 }];

    public static IEnumerable<TheoryDataRow<object>> ImpatientAndNotSerializable => [new(new object()) { Timeout = 130 }];

    private static async Task LateAsync(object which)
    {
        await Task.Delay(TimeSpan.FromSeconds(5));
        throw new InvalidOperationException($"nothing has ended {which}");
    }

    [LoopFact(Explicit = true, Seeds = 100)]
    public async Coroutine Depends_on_the_schedule()
    {
        string order = "";
        async Coroutine Write(string what)
        {
            await Loop.Yield();
            order += what;
        }

        await Loop.Gather(Write("a"), Write("b"));
        if (order != "ab")
        {
            throw new InvalidOperationException($"order {order}");
        }
    }

    [LoopFact(Explicit = true, Skip = "to be skipped")]
    public void Is_skipped() => throw new InvalidOperationException();

    [LoopFact(Explicit = true, Seeds = 3, SkipExceptions = [typeof(NotSupportedException)])]
    public async Coroutine Is_skipped_by_its_failure()
    {
        await Loop.Yield();
        throw new NotSupportedException("not here");
    }

    [LoopTheory(Explicit = true)]
    [InlineData(7)]
    public async Coroutine Throws(int number)
    {
        await Loop.Sleep(1);
        throw new FormatException($"number {number}");
    }
}
