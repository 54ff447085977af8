using EventLoop;

namespace QuickStart;

/// <summary>Wait, AsCompleted, futures and timeouts.</summary>
internal sealed class Waiting(Story story)
{
    // Wait never throws and never cancels: it tells, and what to do is yours.
    public async Coroutine WaitAsync()
    {
        LoopTask[] walkers =
        [
            Loop.CreateTask(story.SayAfterAsync(0.5, "the hare arrives"), "hare"),
            Loop.CreateTask(story.SayAfterAsync(60, "the tortoise arrives"), "tortoise"),
        ];

        var (done, pending) = await Loop.Wait(walkers, timeout: story.Seconds(1));

        story.Say($"done: {Names(done)}; pending: {Names(pending)}");
        foreach (LoopTask late in pending)
            late.Cancel("we do not wait any longer");

        static string Names(IEnumerable<LoopTask> tasks) => string.Join(", ", tasks.Select(task => task.Name));
    }

    public async Coroutine AsCompletedAsync()
    {
        Coroutine<string>[] meals = [CookAsync("roast", 1.5), CookAsync("salad", 0.5), CookAsync("pasta", 1)];

        await foreach (LoopTask<string> meal in Loop.AsCompleted(meals))
            story.Say($"{await meal} is served");
    }

    private async Coroutine<string> CookAsync(string meal, double seconds)
    {
        await Loop.Sleep(story.Seconds(seconds));
        return meal;
    }

    // A future is a result that somebody will set. Any number of tasks may wait for it.
    public async Coroutine FutureAsync()
    {
        LoopFuture<string> letter = Loop.Current.CreateFuture<string>();
        Loop.StartSoon(async () =>
        {
            await Loop.Sleep(story.Seconds(1));
            letter.SetResult("greetings from the other task");
        });

        story.Say("waiting for a letter");
        story.Say(await letter);
    }

    public async Coroutine TimeoutAsync()
    {
        try
        {
            await Loop.Timeout(story.Seconds(1), async scope =>
            {
                await story.SayAfterAsync(0.5, "so far so good");
                await story.SayAfterAsync(60, "never said: the deadline comes first");
            });
        }
        catch (TimeoutException)
        {
            story.Say("timed out, and what was inside is already cancelled");
        }
    }
}
