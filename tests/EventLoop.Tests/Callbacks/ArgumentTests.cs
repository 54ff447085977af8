namespace EventLoop.Tests.Callbacks;

public sealed class ArgumentTests : LoopTest
{
    public static TheoryData<string> Calls => [.. NullCalls.Keys];

    private static Dictionary<string, Action> NullCalls => new()
    {
        ["CallSoon"] = static () => Loop.Current.CallSoon(null!),
        ["CallLater"] = static () => Loop.Current.CallLater(TimeSpan.Zero, null!),
        ["CallAt"] = static () => Loop.Current.CallAt(TimeSpan.Zero, null!),
        ["Post"] = static () => Loop.Current.Post(null!),
        ["CreateTask"] = static () => _ = Loop.CreateTask((Func<Coroutine>)null!),
        ["AddDoneCallback"] = static () => Loop.CurrentTask!.AddDoneCallback(null!),
        ["SetException"] = static () => Loop.Current.CreateFuture().SetException(null!),
        ["ToThread"] = static () => Loop.ToThread((Action)null!),
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_missing_argument_is_refused_at_once_by(string call) => RunLoop(async () =>
    {
        Assert.Throws<ArgumentNullException>(NullCalls[call]);
    });
}
