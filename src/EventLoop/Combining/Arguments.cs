using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>
/// The arguments of a combinator. They are started in the call, all or none; where no loop runs, by whoever awaits the combinator. An argument that cannot be
/// started is refused in the call, before any other has begun, and no coroutine is left that would be reported as never awaited.
/// </summary>
[StackTraceHidden]
internal readonly struct Arguments
{
    private const int FewEnoughToCompare = 8;

    private readonly LoopAwaitable[]? started;
    private readonly Argument[]? waiting;

    private Arguments(Argument[] given)
    {
        if (LoopCore.Running is { } core)
        {
            started = StartAll(core, given);
        }
        else
        {
            VerifyAll(null, given);
            waiting = given;
        }
    }

    internal static Arguments Of<T>(IEnumerable<Coroutine<T>> coroutines) => From(coroutines, Argument.Of);

    internal static Arguments Of(IEnumerable<Coroutine> coroutines) => From(coroutines, Argument.Of);

    internal static Arguments Of(IEnumerable<LoopAwaitable> awaitables) => From(awaitables, Argument.Of);

    internal static Arguments Of(IEnumerable<Task> tasks) => From(tasks, Argument.Of);

    internal static Arguments Of(params ReadOnlySpan<Argument> given) => new(given.ToArray());

    /// <summary>Starts them on the loop that waits for them.</summary>
    internal LoopAwaitable[] On(LoopCore core)
    {
        if (started is null)
        {
            return StartAll(core, waiting!);
        }

        foreach (var child in started)
        {
            if (!ReferenceEquals(child.Core, core))
            {
                child.RefuseLoop();
            }
        }

        return started;
    }

    private static Arguments From<TItem>(IEnumerable<TItem> items, Func<TItem, Argument> convert)
    {
        ArgumentNullException.ThrowIfNull(items);
        var given = new List<Argument>(items.TryGetNonEnumeratedCount(out int count) ? count : 0);
        try
        {
            foreach (var item in items)
            {
                given.Add(convert(item));
            }
        }
        catch
        {
            given.ForEach(static one => one.Excuse());
            throw;
        }

        return new([.. given]);
    }

    private static LoopAwaitable[] StartAll(LoopCore core, Argument[] given)
    {
        VerifyAll(core, given);
        var children = new LoopAwaitable[given.Length];
        int made = 0;
        try
        {
            for (; made < given.Length; made++)
            {
                children[made] = given[made].Start(core);
            }
        }
        catch
        {
            // The first step of an eager one may have consumed another.
            for (int i = 0; i < given.Length; i++)
            {
                if (i >= made)
                {
                    given[i].Excuse();
                }
                else if (given[i].BecomesTask)
                {
                    children[i].CancelCore("another of its gather could not be started");
                }
            }

            throw;
        }

        return children;
    }

    private static void VerifyAll(LoopCore? core, Argument[] given)
    {
        try
        {
            foreach (var one in given)
            {
                one.Verify(core);
            }

            RejectDuplicates(given);
        }
        catch
        {
            Array.ForEach(given, static one => one.Excuse());
            throw;
        }
    }

    private static void RejectDuplicates(Argument[] given)
    {
        if (given.Length <= FewEnoughToCompare)
        {
            for (int i = 1; i < given.Length; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    if (given[i].IsSameCoroutineAs(given[j]))
                    {
                        Throw.GivenTwice();
                    }
                }
            }

            return;
        }

        var seen = new HashSet<(object, long)>(given.Length);
        foreach (var one in given)
        {
            if (one.Identity is { } identity && !seen.Add(identity))
            {
                Throw.GivenTwice();
            }
        }
    }
}
