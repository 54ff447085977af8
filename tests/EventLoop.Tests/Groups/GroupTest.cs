using EventLoop.Tests.Net;

namespace EventLoop.Tests.Groups;

/// <summary>What every test of a group starts from: two loops on real time, what their handlers were told, and a limit for all of it.</summary>
[RealTime("its loops are on threads of their own")]
public abstract class GroupTest(PollerKind poller = PollerKind.Auto) : IoTest(poller)
{
    protected LoopGroupOptions Group => new() { Loops = 2, Loop = IoOptions with { Name = "g" } };

    /// <summary>What main returned; what the loops of the group report is collected, and so is what Run's own does.</summary>
    protected T RunGroup<T>(Func<LoopGroup, Coroutine<T>> main, LoopGroupOptions? options = null)
    {
        var run = Task.Factory.StartNew(
            () => LoopGroup.Run(
                async Coroutine<T> (group) =>
                {
                    Adopt(Loop.Current);
                    foreach (var loop in group.Loops)
                    {
                        Adopt(loop);
                    }

                    return await main(group);
                },
                options ?? Group),
            TaskCreationOptions.LongRunning);
        ((IAsyncResult)run).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(30)).Should().BeTrue("the group has to end");
        return run.GetAwaiter().GetResult();
    }

    protected void RunGroup(Func<LoopGroup, Coroutine> main, LoopGroupOptions? options = null) => RunGroup(
        async Coroutine<int> (group) =>
        {
            await main(group);
            return 0;
        },
        options);

    protected static int Here => Environment.CurrentManagedThreadId;
}
