using EventLoop;

namespace QuickStart;

/// <summary>Threads and C#'s own async shapes: they work on the loop as they are.</summary>
internal sealed class Neighbours(Story story)
{
    public async Coroutine ToThreadAsync()
    {
        LoopTask<int> heavy = Loop.CreateTask(Loop.ToThread(() =>
        {
            Thread.Sleep(story.Seconds(1));   // blocks a thread of the pool, not the loop
            return Environment.CurrentManagedThreadId;
        }));

        while (!heavy.IsCompleted)
            await story.SayAfterAsync(0.4, "the loop is alive");

        int here = Environment.CurrentManagedThreadId;
        story.Say(await heavy != here ? "the blocking work was done on another thread" : "this should not happen");
    }

    public async Coroutine IteratorAsync()
    {
        await foreach (int number in CountdownAsync(3))
            story.Say($"{number}...");
        story.Say("lift-off");
    }

    private async IAsyncEnumerable<int> CountdownAsync(int from)
    {
        for (int number = from; number > 0; number--)
        {
            yield return number;
            await Loop.Sleep(story.Seconds(0.5));
        }
    }

    public async Coroutine ContextManagerAsync()
    {
        await using (var kitchen = await Kitchen.OpenAsync(story))
        {
            await story.SayAfterAsync(0.5, "cooking");
        }
    }

    private sealed class Kitchen(Story story) : IAsyncDisposable
    {
        public static async Coroutine<Kitchen> OpenAsync(Story story)
        {
            await story.SayAfterAsync(0.5, "the kitchen is open");
            return new Kitchen(story);
        }

        // Runs at the end of the block, also when the block fails, and may wait like everything else.
        public async ValueTask DisposeAsync() => await story.SayAfterAsync(0.5, "the kitchen is clean and closed");
    }
}
