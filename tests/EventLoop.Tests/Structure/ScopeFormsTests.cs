using System.Reflection;

namespace EventLoop.Tests.Structure;

/// <summary>Every scope takes coroutines and .NET tasks, with and without results: async lambdas, lambdas that
/// hand on, and methods. That it compiles is half of the test.</summary>
public sealed class ScopeFormsTests : LoopTest
{
    [Fact]
    public void CancelScope_takes_bodies_of_every_kind() => RunLoop(async () =>
    {
        (await CancelScope.Run(async scope => await Loop.Yield())).Should().BeTrue();
        (await CancelScope.Run(async scope =>
        {
            await Task.Yield();
            return 1;
        })).Value.Should().Be(1);
        (await CancelScope.Run(_ => Yields(1))).Should().BeTrue();
        (await CancelScope.Run(_ => After(1, 2))).Value.Should().Be(2);
        (await CancelScope.Run(_ => Plain())).Should().BeTrue();
        (await CancelScope.Run(_ => Plain(3))).Value.Should().Be(3);
        (await CancelScope.Run(async Task (_) => await Plain(), Seconds(1))).Should().BeTrue();
        (await CancelScope.Run(async Task<int> (_) => await Plain(4), Seconds(1), shield: true)).Value.Should().Be(4);
        (await CancelScope.Run(PlainBody)).Should().BeTrue();
        (await CancelScope.Run(CoroutineBody)).Should().BeTrue();
        (await CancelScope.Run(async _ => await Loop.Yield(), cancellationToken: CancellationToken.None)).Should().BeTrue();
        (await CancelScope.Run(async _ => await Loop.Yield(), null, false, CancellationToken.None)).Should().BeTrue();

        (await new CancelScope().RunAsync(async () => await Loop.Yield())).Should().BeTrue();
        (await new CancelScope().RunAsync(() => Plain())).Should().BeTrue();
        (await new CancelScope().RunAsync(() => Plain(5))).Value.Should().Be(5);
        (await new CancelScope().RunAsync(async () => await After(1, 6))).Value.Should().Be(6);
        (await new CancelScope().RunAsync(() => After(1, 6))).Value.Should().Be(6);
    });

    [Fact]
    public void MoveOnAfter_and_FailAfter_take_bodies_of_every_kind() => RunLoop(async () =>
    {
        (await CancelScope.MoveOnAfter(Seconds(1), async _ => await Loop.Yield())).Should().BeTrue();
        (await CancelScope.MoveOnAfter(Seconds(1), async _ => await After(1, 1))).Value.Should().Be(1);
        (await CancelScope.MoveOnAfter(Seconds(1), _ => Plain())).Should().BeTrue();
        (await CancelScope.MoveOnAfter(Seconds(1), _ => Plain(2))).Value.Should().Be(2);
        (await CancelScope.MoveOnAfter(Seconds(1), PlainBody, CancellationToken.None)).Should().BeTrue();

        await CancelScope.FailAfter(Seconds(1), async _ => await Loop.Yield());
        (await CancelScope.FailAfter(Seconds(1), async _ => await After(1, 3))).Should().Be(3);
        await CancelScope.FailAfter(Seconds(1), _ => Plain());
        (await CancelScope.FailAfter(Seconds(1), _ => Plain(4))).Should().Be(4);
        await CancelScope.FailAfter(Seconds(1), PlainBody, CancellationToken.None);
    });

    [Fact]
    public void Timeout_and_TimeoutAt_take_bodies_of_every_kind_with_the_scope_and_without() => RunLoop(async () =>
    {
        await Loop.Timeout(Seconds(1), async scope => await Loop.Yield());
        (await Loop.Timeout(Seconds(1), async scope => await After(1, 1))).Should().Be(1);
        await Loop.Timeout(Seconds(1), _ => Plain());
        (await Loop.Timeout(Seconds(1), _ => Plain(2))).Should().Be(2);
        await Loop.Timeout(Seconds(1), async () => await Loop.Yield());
        (await Loop.Timeout(Seconds(1), async () => await After(1, 3))).Should().Be(3);
        await Loop.Timeout(Seconds(1), () => Plain());
        (await Loop.Timeout(Seconds(1), () => Plain(4))).Should().Be(4);
        await Loop.Timeout(null, () => Yields(1), CancellationToken.None);
        await Loop.Timeout(Seconds(1), async Task () => await Plain());

        TimeSpan at = Loop.Current.Time + Seconds(1);
        await Loop.TimeoutAt(at, async scope => await Loop.Yield());
        (await Loop.TimeoutAt(at, async scope => await After(1, 5))).Should().Be(5);
        await Loop.TimeoutAt(at, _ => Plain());
        (await Loop.TimeoutAt(at, _ => Plain(6))).Should().Be(6);
        await Loop.TimeoutAt(null, async Task (_) => await Plain());
    });

    [Fact]
    public void WaitFor_takes_bodies_of_every_kind_with_a_token() => RunLoop(async () =>
    {
        await Loop.WaitFor(Yields(1), Seconds(1), CancellationToken.None);
        (await Loop.WaitFor(After(1, 1), Seconds(1), CancellationToken.None)).Should().Be(1);
        await Loop.WaitFor(async () => await Loop.Yield(), Seconds(1), CancellationToken.None);
        (await Loop.WaitFor(async () => await After(1, 2), Seconds(1), CancellationToken.None)).Should().Be(2);
        await Loop.WaitFor(() => Plain(), Seconds(1), CancellationToken.None);
        (await Loop.WaitFor(() => Plain(3), Seconds(1), CancellationToken.None)).Should().Be(3);
        (await Loop.WaitFor(Loop.CreateTask(After(1, 4)), null, CancellationToken.None)).Should().Be(4);
        await Loop.WaitFor((LoopAwaitable)Loop.CreateTask(Yields(1)), null, CancellationToken.None);
    });

    [Fact]
    public void TaskGroup_takes_bodies_of_every_kind() => RunLoop(async () =>
    {
        await TaskGroup.Run(async group => await Loop.Yield());
        (await TaskGroup.Run(async group => await After(1, 1))).Should().Be(1);
        await TaskGroup.Run(_ => Plain());
        (await TaskGroup.Run(async Task<int> (group) =>
        {
            group.StartSoon(() => Plain());
            group.StartSoon(async () => await Loop.Yield());
            await group.CreateTask(() => Plain());
            (await group.StartAsync<int>(async started =>
            {
                started(1);
                await Loop.Yield();
            })).Should().Be(1);
            (await group.StartAsync<int>(Say)).Should().Be(2);
            return await group.CreateTask(() => Plain(5));
        })).Should().Be(5);

        static async Task Say(Action<int> started)
        {
            await Task.Yield();
            started(2);
        }
    });

    [Fact]
    public void A_timed_body_that_is_a_task_is_interrupted_where_it_waits_on_the_loop() => RunLoop(async () =>
    {
        (await Catch(Loop.Timeout(Seconds(1), async Task () => await Forever()))).Should().BeOfType<TimeoutException>();
        (await CancelScope.MoveOnAfter(Seconds(1), async Task (_) => await Forever())).Should().BeFalse();
    });

    [Fact]
    [RealTime("what a token is handed to ends on the pool, and its grace is time of the loop")]
    public void A_timed_body_that_was_handed_the_token_ends_with_its_own_result() => RunLoop(async () =>
        (await CancelScope.MoveOnAfter(
            TimeSpan.FromMilliseconds(20),
            async Task<int> (_) =>
                await Task.Delay(Timeout.InfiniteTimeSpan, Loop.CancellationToken).ContinueWith(static _ => 1))).IsSuccess.Should().BeTrue());

    [Fact]
    public void What_is_written_as_in_Python_is_an_error_that_names_TaskGroup_Run()
    {
        foreach (MemberInfo member in new MemberInfo[] { typeof(TaskGroup).GetConstructor([])!, typeof(TaskGroup).GetMethod("DisposeAsync")! })
        {
            ObsoleteAttribute error = member.GetCustomAttribute<ObsoleteAttribute>()!;
            error.IsError.Should().BeTrue();
            error.Message.Should().Contain("TaskGroup.Run(async group");
        }
    }

    private static async Task Plain() => await Task.Yield();

    private static async Task<int> Plain(int value)
    {
        await Task.Yield();
        return value;
    }

    private static async Task PlainBody(CancelScope scope) => await Plain();

    private static async Coroutine CoroutineBody(CancelScope scope) => await Loop.Yield();
}
