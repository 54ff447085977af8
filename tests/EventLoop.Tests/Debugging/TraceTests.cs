namespace EventLoop.Tests.Debugging;

/// <summary>What an exception prints: the user's methods, each once, and nothing of the machinery between them.</summary>
public sealed class TraceTests : LoopTest
{
    private static readonly string[] Machinery = ["EventLoop.Coroutines.", "EventLoop.Scheduling.", "EventLoop.Synchronization.", "EventLoop.Throw", "Awaiter.",
        "Awaiter`1.", "DeferredCoroutine"];

    [Fact]
    public void A_chain_of_coroutines_shows_each_method_once_and_no_seams()
    {
        string trace = TraceOf(() => RunLoop(Outer));

        ShouldShowOnce(trace, nameof(Inner), nameof(Middle), nameof(Outer));
    }

    [Fact]
    public void So_does_a_chain_through_tasks()
    {
        string trace = TraceOf(() => RunLoop(OverTasks));

        ShouldShowOnce(trace, nameof(Inner), nameof(Middle), nameof(Outer), nameof(OverTasks));
    }

    [Fact]
    public void A_cancelled_wait_shows_who_waited()
    {
        string trace = TraceOf(() => RunLoop(Cancelled));

        ShouldShowOnce(trace, nameof(Get), nameof(Cancelled));
    }

    [Fact]
    public void A_refused_call_shows_who_called()
    {
        string trace = TraceOf(() => RunLoop(Twice));

        ShouldShowOnce(trace, nameof(Twice));
    }

    [Fact]
    public void An_outcome_that_was_asked_for_too_early_shows_who_asked()
    {
        string trace = TraceOf(() => RunLoop(Early));

        ShouldShowOnce(trace, nameof(Early));
    }

    private static async Coroutine Outer() => await Middle();

    private static async Coroutine<int> Middle() => await Inner() + 1;

    private static async Coroutine<int> Inner()
    {
        await Loop.Yield();
        throw new InvalidDataException("here");
    }

    private static async Coroutine OverTasks() => await Loop.CreateTask(Outer());

    private static async Coroutine Cancelled()
    {
        var task = Loop.CurrentTask!;
        Loop.Current.CallSoon(() => task.Cancel());
        await Get();
    }

    private static async Coroutine Get() => await new AsyncQueue<int>().GetAsync();

    private static async Coroutine Twice()
    {
        var coroutine = After(1, 1);
        await coroutine;
        await coroutine;
    }

    private static async Coroutine Early() => new AsyncQueue<int>().GetAsync().GetAwaiter().GetResult();

    private static string TraceOf(Action failing)
    {
        try
        {
            failing();
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }

        throw new InvalidOperationException("It did not fail.");
    }

    private static void ShouldShowOnce(string trace, params string[] methods)
    {
        string[] lines = trace.Split('\n');
        int[] places = Array.ConvertAll(methods, method => Array.FindIndex(lines, line => line.Contains($"{nameof(TraceTests)}.{method}(")));
        foreach (string method in methods)
        {
            lines.Count(line => line.Contains($"{nameof(TraceTests)}.{method}(")).Should().Be(1, trace);
        }

        places.Should().BeInAscendingOrder(trace);
        lines[1..(places[^1] + 1)].Should().OnlyContain(static line => !Machinery.Any(line.Contains) && !line.Contains("---"), trace);
    }
}
