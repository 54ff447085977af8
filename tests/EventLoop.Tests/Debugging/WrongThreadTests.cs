namespace EventLoop.Tests.Debugging;

public sealed class WrongThreadTests : LoopTest
{
    public static TheoryData<string> LoopOwnedMembers => [.. Members.Keys];

    private static Dictionary<string, Action<Owned>> Members => new()
    {
        ["Loop.CallSoon"] = static owned => owned.Loop.CallSoon(static () => { }),
        ["Loop.CallLater"] = static owned => owned.Loop.CallLater(TimeSpan.FromSeconds(1), static () => { }),
        ["Loop.CallAt"] = static owned => owned.Loop.CallAt(TimeSpan.FromDays(1), static () => { }),
        ["Loop.Spawn"] = static owned => _ = owned.Loop.Spawn(Loop.Sleep(0)),
        ["Handle.Cancel"] = static owned => owned.Handle.Cancel(),
        ["TimerHandle.Cancel"] = static owned => owned.Timer.Cancel(),
        ["LoopTask.Cancel"] = static owned => owned.Task.Cancel(),
        ["LoopTask.Uncancel"] = static owned => owned.Task.Uncancel(),
        ["LoopTask.AddDoneCallback"] = static owned => owned.Task.AddDoneCallback(static _ => { }),
        ["LoopTask.RemoveDoneCallback"] = static owned => owned.Task.RemoveDoneCallback(static _ => { }),
        ["LoopFuture.SetResult"] = static owned => owned.Future.SetResult(1),
        ["LoopFuture.TrySetResult"] = static owned => owned.Future.TrySetResult(1),
        ["LoopFuture.SetException"] = static owned => owned.Future.SetException(new InvalidDataException()),
        ["LoopFuture.Cancel"] = static owned => owned.Future.Cancel(),
        ["TaskGroup.CreateTask"] = static owned => _ = owned.Group.CreateTask(Loop.Sleep(0)),
        ["TaskGroup.Cancel"] = static owned => owned.Group.Cancel(),
        ["CancelScope.Cancel"] = static owned => owned.Scope.Cancel(),
        ["Loop.RunForever"] = static owned => owned.Loop.RunForever(),
    };

    [Theory]
    [MemberData(nameof(LoopOwnedMembers))]
    public void A_call_from_another_thread_throws_and_names_the_right_way(string member)
    {
        RunLoop(async () =>
        {
            var scope = new CancelScope();
            await scope.RunAsync(async () => await TaskGroup.Run(async group =>
            {
                Loop loop = Loop.Current;
                LoopTask task = Loop.CreateTask(Forever());
                var owned = new Owned(loop, loop.CallSoon(static () => { }), loop.CallLater(Seconds(100), static () => { }),
                    task, loop.CreateFuture<int>(), group, scope);

                Exception? thrown = OnThread(() => Record.Exception(() => Members[member](owned)));

                thrown.Should().BeOfType<InvalidOperationException>();
                if (member != "Loop.RunForever")
                {
                    thrown!.Message.Should().ContainAny("Post", "Submit");
                }

                await Loop.Yield();
                owned.Future.IsCompleted.Should().BeFalse();
                task.CancelRequests.Should().Be(0);
            }));
            scope.CancelCalled.Should().BeFalse();
        });
    }

    private sealed record Owned(Loop Loop, Handle Handle, TimerHandle Timer, LoopTask Task, LoopFuture<int> Future, TaskGroup Group, CancelScope Scope);
}
