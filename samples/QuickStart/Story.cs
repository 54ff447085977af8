using System.Diagnostics;
using EventLoop;

namespace QuickStart;

/// <summary>Tells what happens when. Its seconds last as long as the scale says, and it counts them by the same scale.</summary>
internal sealed class Story(double scale)
{
    private readonly Stopwatch _tour = Stopwatch.StartNew();
    private readonly Stopwatch _lesson = Stopwatch.StartNew();
    private int _lessons;

    public TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds * scale);

    public void Say(string what) => Console.WriteLine($"  {Elapsed(_lesson),5:0.0} s  {what}");

    /// <summary>The coroutine that every asyncio tutorial starts with.</summary>
    public async Coroutine SayAfterAsync(double seconds, string what)
    {
        await Loop.Sleep(Seconds(seconds));
        Say(what);
    }

    public async Coroutine LessonAsync(string title, Func<Coroutine> lesson)
    {
        Console.WriteLine($"{++_lessons}. {title}");
        _lesson.Restart();
        await lesson();
        Say("done");
        Console.WriteLine();
    }

    public void End() =>
        Console.WriteLine($"{_lessons} lessons in {Elapsed(_tour):0.0} s, all on thread {Environment.CurrentManagedThreadId}.");

    private double Elapsed(Stopwatch watch) => watch.Elapsed.TotalSeconds / scale;
}
