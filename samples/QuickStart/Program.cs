// The first page of a tutorial, in code. Read it from top to bottom, next to what it prints:
//
//     dotnet run --project samples/QuickStart
//
// Each lesson is one coroutine. Everything runs on one thread: between two awaits nobody else runs, so nothing here needs a lock.

using EventLoop;
using EventLoop.Samples;
using QuickStart;

const string usage = """
    Usage: dotnet run --project samples/QuickStart [-- --scale FACTOR]

      --scale FACTOR   how long a second lasts (default 1; 0.01 makes the whole tour a matter of milliseconds)
    """;

return CommandLine.Run(args, usage, line =>
{
    var story = new Story(line.Factor("--scale", 1));
    line.ExpectNoMore();
    try
    {
        Loop.Run(() => TourAsync(story));
        return 0;
    }
    catch (LoopInterruptedException interrupted)
    {
        Console.Error.WriteLine("Interrupted.");
        return interrupted.ExitCode;
    }
});

static async Coroutine TourAsync(Story story)
{
    var basics = new Basics(story);
    await story.LessonAsync("One after the other: 1 s + 2 s = 3 s", basics.OneAfterTheOtherAsync);
    await story.LessonAsync("Concurrently, with CreateTask: 2 s, the longer one", basics.ConcurrentlyAsync);
    await story.LessonAsync("Gather: many at once, results in argument order", basics.GatherAsync);
    await story.LessonAsync("TaskGroup: nobody leaves before all are done, and a failure stops the rest", basics.TaskGroupAsync);

    var waiting = new Waiting(story);
    await story.LessonAsync("Wait: with a timeout, it says who is done and who is not", waiting.WaitAsync);
    await story.LessonAsync("AsCompleted: results as they arrive", waiting.AsCompletedAsync);
    await story.LessonAsync("A future: one task waits for what another task sets", waiting.FutureAsync);
    await story.LessonAsync("Timeout: give up after a while", waiting.TimeoutAsync);

    var neighbours = new Neighbours(story);
    await story.LessonAsync("ToThread: blocking code goes to a thread, the loop goes on", neighbours.ToThreadAsync);
    await story.LessonAsync("An async iterator: await foreach", neighbours.IteratorAsync);
    await story.LessonAsync("An async context manager: await using", neighbours.ContextManagerAsync);

    story.End();
}
