using EventLoop.Diagnostics;

namespace EventLoop.Tests.Tasks;

/// <summary>A task in which several methods wait at the same time.</summary>
public sealed class SeveralFlowsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(40)]
    public void All_their_waits_are_seen_as_they_come_and_end_in_any_order(int flows) => Loop.Run(async Coroutine () =>
    {
        var gates = Enumerable.Range(0, flows * 2).Select(static _ => Loop.Current.CreateFuture()).ToArray();
        var task = Loop.CreateTask(async Coroutine () => await Task.WhenAll(Enumerable.Range(0, flows).Select(flow => Flow(gates[flow], gates[flows + flow]))));
        await Loop.Yield();
        int[] order = [.. Enumerable.Range(0, flows)];
        new Random(flows).Shuffle(order);
        foreach (int flow in order)
        {
            WaitsOf(task).Should().Be(flows);
            gates[flow].SetResult();      // and waits again
            await Loop.Yield();
            await Loop.Yield();
        }

        new Random(-flows).Shuffle(order);
        for (int ended = 0; ended < flows; ended++)
        {
            WaitsOf(task).Should().Be(flows - ended);
            gates[flows + order[ended]].SetResult();
            await Loop.Yield();
            await Loop.Yield();
        }

        await task;
    });

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(40)]
    public void A_cancellation_reaches_each_of_them(int flows) => Loop.Run(async Coroutine () =>
    {
        var gate = Loop.Current.CreateFuture();
        Task[] all = [];
        var task = Loop.CreateTask(async Coroutine () =>
        {
            all = [.. Enumerable.Range(0, flows).Select(_ => Event(new AsyncEvent()))];
            await gate;
        });
        await Loop.Yield();
        task.Cancel();
        await Loop.Wait([task]);
        task.IsCanceled.Should().BeTrue();
        await Loop.Yield();
        all.Should().HaveCount(flows).And.OnlyContain(static flow => flow.IsCanceled || flow.IsFaulted);
    });

    private static int WaitsOf(LoopTask task) =>
        Loop.Current.TakeSnapshot().Tasks.Single(one => one.Id == task.Id).Waits.Count(static wait => wait.Kind == WaitKind.Future);

    private static async Task Flow(LoopFuture first, LoopFuture second)
    {
        await first;
        await second;
    }

    private static async Task Event(AsyncEvent never) => await never.WaitAsync();
}
