namespace EventLoop.AotSmoke;

internal static class Structure
{
    internal static async Coroutine TasksAsync()
    {
        var sum = Loop.CreateTask(() => AddAsync(1, 2));
        var failing = Loop.CreateTask(FailAsync);
        Check.That(await sum == 3);
        try
        {
            await failing;
            Check.That(false, "the failure is thrown");
        }
        catch (FormatException)
        {
        }

        var (number, text) = await Loop.Gather(AddAsync(3, 4), TextAsync());
        Check.That(number == 7 && text == "text");
    }

    internal static async Coroutine CancellationAsync()
    {
        bool isCleanedUp = false;
        var task = Loop.CreateTask(async () =>
        {
            try
            {
                await Loop.Sleep(TimeSpan.FromHours(1));
            }
            finally
            {
                isCleanedUp = true;
            }
        });
        await Check.CancelAsync(task);
        Check.That(isCleanedUp);
    }

    internal static async Coroutine ScopesAsync()
    {
        bool isComplete = await CancelScope.MoveOnAfter(TimeSpan.FromMilliseconds(1), static async _ => await Loop.Sleep(TimeSpan.FromHours(1)));
        Check.That(!isComplete);
        var outcome = await CancelScope.Run<int>(static async Coroutine<int> (scope) =>
        {
            scope.Cancel();
            await Loop.Yield();
            return 1;
        });
        Check.That(outcome.IsCanceled);
        try
        {
            await CancelScope.FailAfter(TimeSpan.FromMilliseconds(1), static async _ => await Loop.Sleep(TimeSpan.FromHours(1)));
            Check.That(false, "the timeout is thrown");
        }
        catch (TimeoutException)
        {
        }
    }

    internal static async Coroutine GroupsAsync()
    {
        LoopTask? sibling = null;
        try
        {
            await TaskGroup.Run(async group =>
            {
                sibling = group.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)));
                group.StartSoon(FailAsync);
                await Loop.Yield();
            });
            Check.That(false, "the group's failure is thrown");
        }
        catch (AggregateException failures) when (failures.InnerExceptions is [FormatException])
        {
        }

        Check.That(sibling!.IsCanceled);
    }

    internal static async Coroutine ExecutorAsync() => Check.That(await Loop.RunInExecutor(null, static () => 42) == 42);

    private static async Coroutine<int> AddAsync(int one, int other)
    {
        await Loop.Yield();
        return one + other;
    }

    private static async Coroutine<string> TextAsync()
    {
        await Loop.Yield();
        return "text";
    }

    private static async Coroutine FailAsync()
    {
        await Loop.Yield();
        throw new FormatException();
    }
}
