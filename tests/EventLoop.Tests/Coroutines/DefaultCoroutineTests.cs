namespace EventLoop.Tests.Coroutines;

/// <summary>The default value of a coroutine is nobody's: a field that was never set. It is refused wherever it is used.</summary>
public sealed class DefaultCoroutineTests : LoopTest
{
    public static TheoryData<string> Uses => [.. Users.Keys];

    private static Dictionary<string, Func<Coroutine>> Users => new()
    {
        ["await"] = static async () => await default(Coroutine),
        ["await with a result"] = static async () => await default(Coroutine<int>),
        ["await of a conversion"] = static async () => await (Coroutine)default(Coroutine<int>),
        ["CreateTask"] = static async () => await Loop.CreateTask(default(Coroutine)),
        ["CreateTask with a result"] = static async () => await Loop.CreateTask(default(Coroutine<int>)),
        ["StartSoon"] = static async () => Loop.StartSoon(default(Coroutine)),
        ["Spawn"] = static async () => await Loop.Current.Spawn(default(Coroutine)),
        ["Gather"] = static async () => await Loop.Gather(default(Coroutine), default(Coroutine)),
        ["WaitFor"] = static async () => await Loop.WaitFor(default(Coroutine), TimeSpan.FromSeconds(1)),
        ["WaitFor without time"] = static async () => await Loop.WaitFor(default(Coroutine), TimeSpan.Zero),
        ["Shield"] = static async () => await Loop.Shield(default(Coroutine)),
        ["a group"] = static async () => await TaskGroup.Run(async Coroutine (group) => await group.CreateTask(default(Coroutine))),
        ["AsTask"] = static async () => await default(Coroutine).AsTask(),
        ["AsTask with a result"] = static async () => await default(Coroutine<int>).AsTask(),
        ["GetResult"] = static async () => default(Coroutine).GetAwaiter().GetResult(),
        ["GetResult with a result"] = static async () => default(Coroutine<int>).GetAwaiter().GetResult(),
        ["OnCompleted"] = static async () => default(Coroutine).GetAwaiter().OnCompleted(static () => { }),
    };

    [Theory]
    [MemberData(nameof(Uses))]
    public void It_is_refused_with_a_word_about_where_it_comes_from(string use) => RunLoop(async () =>
    {
        var refusal = await Catch(Users[use]());

        (refusal is AggregateException aggregate ? aggregate.InnerExceptions.Should().ContainSingle().Which : refusal)
            .Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("default value").And.Contain("Coroutine.Completed");
    });

    [Fact]
    public void Run_refuses_it() =>
        FluentActions.Invoking(() => Loop.Run(default(Coroutine), Options)).Should().Throw<InvalidOperationException>().WithMessage("*default value*");

    [Fact]
    public void Completed_and_results_and_failures_may_be_awaited_any_number_of_times() => RunLoop(async () =>
    {
        var completed = Coroutine.Completed;
        var result = Coroutine.FromResult(default(string));
        Coroutine forgotten = Coroutine.FromResult(0);
        var failed = Coroutine.FromException(new InvalidDataException());
        for (int i = 0; i < 3; i++)
        {
            await completed;
            (await result).Should().BeNull();
            await forgotten;
            (await Catch(failed)).Should().BeOfType<InvalidDataException>();
            await Loop.CreateTask(completed);
            (await Loop.CreateTask(result)).Should().BeNull();
        }
    });
}
