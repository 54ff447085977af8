namespace EventLoop.Samples.Testing;

public class DeadlockTests(ITestOutputHelper output)
{
    [Fact]
    public void Two_transfers_in_opposite_directions_wait_for_each_other_for_ever()
    {
        var deadlock = Assert.Throws<LoopDeadlockException>(() => TestLoop.Run(async () =>
        {
            Account mine = new(), yours = new();
            await TaskGroup.Run(async group =>
            {
                await Loop.Sleep(TimeSpan.FromSeconds(1.5));
                _ = group.CreateTask(mine.TransferAsync(yours, 10), "mine to yours");
                _ = group.CreateTask(yours.TransferAsync(mine, 5), "yours to mine");
            });
        }));
        output.WriteLine(deadlock.Message);
        Assert.Contains("Cycle:", deadlock.Message);
    }
}
