namespace EventLoop.Samples.Testing;

public class LostUpdateTests(ITestOutputHelper output)
{
    // First in, first out, the two deposits never meet: the test passes, the bug stays.
    private static async Coroutine TwoDeposits(Func<Account, decimal, Coroutine> deposit)
    {
        var account = new Account();
        async Coroutine Pay(decimal amount, int delays)
        {
            for (int i = 0; i < delays; i++)
            {
                await Loop.Yield();
            }

            await deposit(account, amount);
        }

        await Loop.Gather(Loop.CreateTask(Pay(100, 0), "salary"), Loop.CreateTask(Pay(20, 1), "gift"));
        if (account.Balance != 120)
        {
            throw new InvalidOperationException($"The balance is {account.Balance} after deposits of 100 and 20.");
        }
    }

    [LoopFact]
    public Coroutine The_usual_schedule_does_not_show_the_bug() => TwoDeposits(static (account, amount) => account.DepositAsync(amount));

    [Fact]
    public void Other_schedules_do()
    {
        var found = Assert.Throws<ExplorationException>(
            () => TestLoop.Explore(seeds: 200, () => TwoDeposits(static (account, amount) => account.DepositAsync(amount))));
        output.WriteLine(found.Message);

        // The message is enough to see it again.
        Assert.Throws<InvalidOperationException>(
            () => TestLoop.Run(() => TwoDeposits(static (account, amount) => account.DepositAsync(amount)), new TestLoopOptions { Seed = found.Seed }));
    }

    [LoopFact(Seeds = 200)]
    public Coroutine With_a_lock_no_schedule_loses_an_update() => TwoDeposits(static (account, amount) => account.DepositSafelyAsync(amount));
}
