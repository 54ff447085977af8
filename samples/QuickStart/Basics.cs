using EventLoop;

namespace QuickStart;

/// <summary>Coroutines, tasks, Gather and TaskGroup.</summary>
internal sealed class Basics(Story story)
{
    // A coroutine is cold: calling the method runs nothing. Awaiting it runs it here and now, as part of this task.
    public async Coroutine OneAfterTheOtherAsync()
    {
        await story.SayAfterAsync(1, "hello");
        await story.SayAfterAsync(2, "world");
    }

    // CreateTask makes it a task of its own: it runs whenever this one waits.
    public async Coroutine ConcurrentlyAsync()
    {
        LoopTask hello = Loop.CreateTask(story.SayAfterAsync(1, "hello"));
        LoopTask world = Loop.CreateTask(story.SayAfterAsync(2, "world"));

        await hello;
        await world;
    }

    public async Coroutine GatherAsync()
    {
        int[] factorials = await Loop.Gather(FactorialAsync("A", 2), FactorialAsync("B", 3), FactorialAsync("C", 4));

        story.Say($"2! 3! 4! = {string.Join(' ', factorials)}");
    }

    private async Coroutine<int> FactorialAsync(string name, int number)
    {
        int product = 1;
        for (int factor = 2; factor <= number; factor++)
        {
            story.Say($"{name}: {product} * {factor}");
            await Loop.Sleep(story.Seconds(0.5));
            product *= factor;
        }
        return product;
    }

    public async Coroutine TaskGroupAsync()
    {
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(story.SayAfterAsync(1, "first"));
            group.StartSoon(story.SayAfterAsync(0.5, "second"));
            story.Say("the body ends here, the group waits for its children");
        });

        try
        {
            await TaskGroup.Run(async group =>
            {
                group.StartSoon(FailAfterAsync(0.5));
                await story.SayAfterAsync(60, "never said: the group cancels what is left when a child fails");
            });
        }
        catch (AggregateException failures)
        {
            story.Say($"the group failed: {failures.InnerException!.Message}");
        }
    }

    private async Coroutine FailAfterAsync(double seconds)
    {
        await Loop.Sleep(story.Seconds(seconds));
        throw new InvalidDataException("the soup is salty");
    }
}
