using System.Runtime.CompilerServices;
using EventLoop.Executors;
using EventLoop.Executors.Work;
using EventLoop.Scheduling;

namespace EventLoop;

// Many pieces of work: map, as_completed.
public sealed partial class ProcessExecutor
{
    /// <summary>
    /// Returns the results in the order of the arguments; the first failure is thrown in its place. Python: <c>Executor.map</c>. Arguments are taken from the
    /// source on the loop, as workers become free, and at most twice as many (times <paramref name="chunk"/>) as there are workers ahead of the consumer, so
    /// that the source may be endless and the consumer slow. Leaving the enumeration early cancels what is running.
    /// </summary>
    /// <typeparam name="TArgument">The type of the work's argument.</typeparam>
    /// <typeparam name="TResult">The type of its result.</typeparam>
    /// <param name="work">A static function.</param>
    /// <param name="arguments">One for each call.</param>
    /// <param name="chunk">How many arguments are sent together: more for work of microseconds.</param>
    /// <exception cref="ArgumentException">The work captures something.</exception>
    public IAsyncEnumerable<TResult> Map<TArgument, TResult>(Func<TArgument, TResult> work, IEnumerable<TArgument> arguments, int chunk = 1)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunk, 1);
        var name = WorkName.Of(work);
        return chunk == 1 ? InOrder<TArgument, TResult>(name, arguments) : InChunks<TArgument, TResult>(name, arguments, chunk);
    }

    /// <summary>Returns the results as they arrive; a failure is one of them. Arguments are taken as by <see cref="Map"/>; leaving the enumeration early
    /// cancels what is running.</summary>
    /// <inheritdoc cref="Map" path="/typeparam|/exception"/>
    /// <param name="work">A static function.</param>
    /// <param name="arguments">One for each call.</param>
    public IAsyncEnumerable<WorkResult<TArgument, TResult>> AsCompleted<TArgument, TResult>(Func<TArgument, TResult> work, IEnumerable<TArgument> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return AsTheyCome<TArgument, TResult>(WorkName.Of(work), arguments);
    }

    private int MostAhead => 2 * most;

    private async IAsyncEnumerable<TResult> InOrder<TArgument, TResult>(
        WorkName name, IEnumerable<TArgument> arguments, [EnumeratorCancellation] CancellationToken token = default)
    {
        var ahead = new Queue<WorkItem<TArgument, TResult>>();
        using var source = arguments.GetEnumerator();
        try
        {
            bool more = true;
            while (true)
            {
                while (more && ahead.Count < MostAhead && (more = source.MoveNext()))
                {
                    ahead.Enqueue(Begin(new WorkItem<TArgument, TResult>(source.Current, IsHere) { Name = name }));
                }

                if (!ahead.TryPeek(out var next))
                {
                    yield break;
                }

                var result = await Loop.WaitWith(next.Wait(), token);
                ahead.Dequeue();
                yield return result;
            }
        }
        finally
        {
            foreach (var left in ahead)
            {
                AbandonFromAnywhere(left);
            }
        }
    }

    private async IAsyncEnumerable<TResult> InChunks<TArgument, TResult>(
        WorkName name, IEnumerable<TArgument> arguments, int chunk, [EnumeratorCancellation] CancellationToken token = default)
    {
        var ahead = new Queue<WorkChunk<TArgument, TResult>>();
        using var source = arguments.Chunk(chunk).GetEnumerator();
        try
        {
            bool more = true;
            while (true)
            {
                while (more && ahead.Count < MostAhead && (more = source.MoveNext()))
                {
                    ahead.Enqueue(Begin(new WorkChunk<TArgument, TResult>(source.Current, IsHere) { Name = name }));
                }

                if (!ahead.TryPeek(out var next))
                {
                    yield break;
                }

                var outcomes = await Loop.WaitWith(next.Wait(), token);
                ahead.Dequeue();
                foreach (var outcome in outcomes)
                {
                    yield return outcome.Value;
                }
            }
        }
        finally
        {
            foreach (var left in ahead)
            {
                AbandonFromAnywhere(left);
            }
        }
    }

    private async IAsyncEnumerable<WorkResult<TArgument, TResult>> AsTheyCome<TArgument, TResult>(
        WorkName name, IEnumerable<TArgument> arguments, [EnumeratorCancellation] CancellationToken token = default)
    {
        var under = new HashSet<WorkItem<TArgument, TResult>>();
        var come = new AsyncQueue<WorkItem<TArgument, TResult>>();
        var loop = Loop.Current;
        bool isHere = IsHere;
        using var source = arguments.GetEnumerator();
        try
        {
            bool more = true;
            while (true)
            {
                while (more && under.Count < MostAhead && (more = source.MoveNext()))
                {
                    var item = new WorkItem<TArgument, TResult>(source.Current, isHere) { Name = name };
                    item.OnOutcome = isHere ? () => come.TryPut(item) : () => loop.Core.TryPost(CallbackItem<Action>.Create(
                        static call => call(), () => come.TryPut(item), loop.Core.BaseContext));      // nobody waits on a closed loop
                    under.Add(item);
                    Begin(item);
                }

                if (under.Count == 0)
                {
                    yield break;
                }

                var next = await Loop.WaitWith(come.GetAsync(), token);
                under.Remove(next);
                if (!isHere)
                {
                    _ = next.Completion.Exception;      // it is reported here, and observed
                }

                yield return new WorkResult<TArgument, TResult>(next.Argument, next.Outcome);
            }
        }
        finally
        {
            foreach (var left in under)
            {
                AbandonFromAnywhere(left);
            }
        }
    }
}
