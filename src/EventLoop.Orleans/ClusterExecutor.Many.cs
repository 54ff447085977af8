using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Workers;

namespace EventLoop.Orleans;

// Many pieces of work: map, as_completed. Arguments are taken from the source on the loop, at most as many ahead of the consumer as may be in flight.
public sealed partial class ClusterExecutor
{
    /// <summary>Returns the results in the order of the arguments; the first failure is thrown in its place, also that of an argument which cannot be
    /// serialized. Python: <c>Executor.map</c>.</summary>
    /// <typeparam name="TArgument">The type of the arguments.</typeparam>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    /// <param name="work">A function that captures nothing.</param>
    /// <param name="arguments">Taken on the loop, at most <see cref="ClusterExecutorOptions.MaxInFlight"/>
    /// (times chunk) ahead of the consumer, so it may be endless.</param>
    /// <param name="chunk">How many arguments are sent together: more for work of microseconds. They share one time limit; a failure keeps its place.</param>
    /// <returns>The results. Leaving the enumeration early cancels what is running.</returns>
    /// <exception cref="ArgumentException">The work captures something; the message names what.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="chunk"/> is less than one.</exception>
    public IAsyncEnumerable<TResult> Map<TArgument, TResult>(Func<TArgument, TResult> work, IEnumerable<TArgument> arguments, int chunk = 1)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunk, 1);
        return MapAll<TArgument, TResult>(WorkName.Of(work), arguments, chunk);
    }

    /// <summary>Returns the results as they arrive; a failure is one of them, also that of an argument which cannot be serialized.</summary>
    /// <typeparam name="TArgument">The type of the arguments.</typeparam>
    /// <typeparam name="TResult">The type of the results.</typeparam>
    /// <param name="work">A function that captures nothing.</param>
    /// <param name="arguments">Taken on the loop, at most <see cref="ClusterExecutorOptions.MaxInFlight"/> ahead of the consumer, so it may be endless.</param>
    /// <returns>The results. Leaving the enumeration early cancels what is running.</returns>
    /// <exception cref="ArgumentException">The work captures something; the message names what.</exception>
    public IAsyncEnumerable<WorkResult<TArgument, TResult>> AsCompleted<TArgument, TResult>(Func<TArgument, TResult> work, IEnumerable<TArgument> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return AllAsCompleted<TArgument, TResult>(WorkName.Of(work), arguments);
    }

    private async IAsyncEnumerable<TResult> MapAll<TArgument, TResult>(
        WorkName name, IEnumerable<TArgument> arguments, int chunk, [EnumeratorCancellation] CancellationToken token = default)
    {
        var under = new Queue<LoopTask<Outcome<ReadOnlyMemory<byte>>>>();
        using var cancelling = CancelAll(under, token);
        using var source = arguments.GetEnumerator();
        bool more = true;
        long place = 0;
        try
        {
            while (true)
            {
                while (more && under.Count < calls.MaxInFlight)
                {
                    var written = new ArrayBufferWriter<byte>();
                    more = TryTake(source, chunk, written, out int taken, out var unwritable);
                    if (taken > 0)
                    {
                        under.Enqueue(Loop.CreateTask(Observed(name, written.WrittenMemory, isChunk: chunk > 1, place)));
                        place += taken;
                    }

                    if (unwritable is not null)
                    {
                        under.Enqueue(Loop.CreateTask(Failed(unwritable)));
                    }
                }

                if (!under.TryPeek(out var first))
                {
                    yield break;
                }

                var outcome = await first;
                _ = under.Dequeue();
                token.ThrowIfCancellationRequested();
                var rest = outcome.Value;
                if (chunk == 1)
                {
                    yield return WorkValues.Read<TResult>(rest.Span, calls.Serializer);
                    continue;
                }

                while (WorkChunk.TryRead(ref rest, out bool succeeded, out var bytes))
                {
                    yield return succeeded ? WorkValues.Read<TResult>(bytes.Span, calls.Serializer) : throw WorkChunk.ReadFailure(bytes).ToException();
                }
            }
        }
        finally
        {
            foreach (var left in under)
            {
                left.Cancel("nobody takes its result");
            }
        }
    }

    private async IAsyncEnumerable<WorkResult<TArgument, TResult>> AllAsCompleted<TArgument, TResult>(
        WorkName name, IEnumerable<TArgument> arguments, [EnumeratorCancellation] CancellationToken token = default)
    {
        var under = new HashSet<LoopTask<Outcome<ReadOnlyMemory<byte>>>>();
        var done = new Queue<(TArgument Argument, Outcome<ReadOnlyMemory<byte>> Outcome)>();
        using var cancelling = CancelAll(under, token);
        using var source = arguments.GetEnumerator();
        var arrived = new AsyncEvent();
        bool more = true;
        long place = 0;
        try
        {
            while (true)
            {
                while (more && under.Count + done.Count < calls.MaxInFlight && (more = source.MoveNext()))
                {
                    var argument = source.Current;
                    var written = new ArrayBufferWriter<byte>();
                    if (!TryWrite(argument, written, out var unwritable))
                    {
                        done.Enqueue((argument, new Outcome<ReadOnlyMemory<byte>>(default, unwritable)));
                        place++;
                        continue;
                    }

                    var task = Loop.CreateTask(Observed(name, written.WrittenMemory, isChunk: false, place++));
                    under.Add(task);
                    task.AddDoneCallback((LoopTask<Outcome<ReadOnlyMemory<byte>>> ended) =>
                    {
                        under.Remove(ended);
                        if (ended.IsCompletedSuccessfully)
                        {
                            done.Enqueue((argument, ended.Result));
                        }

                        arrived.Set();
                    });
                }

                token.ThrowIfCancellationRequested();
                if (!done.TryDequeue(out var first))
                {
                    if (under.Count == 0)
                    {
                        yield break;
                    }

                    arrived.Clear();
                    await arrived.WaitAsync();
                    continue;
                }

                yield return new WorkResult<TArgument, TResult>(first.Argument, Read<TResult>(first.Outcome));
            }
        }
        finally
        {
            foreach (var left in under.ToArray())
            {
                left.Cancel("nobody takes its result");
            }
        }
    }

    private Outcome<TResult> Read<TResult>(Outcome<ReadOnlyMemory<byte>> outcome)
    {
        try
        {
            return new Outcome<TResult>(WorkValues.Read<TResult>(outcome.Value.Span, calls.Serializer), null);
        }
        catch (Exception failure)
        {
            return new Outcome<TResult>(default, failure);
        }
    }

    // Its failure is part of the result: there may be nobody to observe it.
    private async Coroutine<Outcome<ReadOnlyMemory<byte>>> Observed(WorkName name, ReadOnlyMemory<byte> argument, bool isChunk, long place)
    {
        try
        {
            var retryHere = retry is null ? null : retry with { From = place };
            return new Outcome<ReadOnlyMemory<byte>>(await calls.RunAsync(name, argument, isChunk, retryHere, null, Loop.CancellationToken), null);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || Loop.CurrentTask!.CancelRequests == 0)
        {
            return new Outcome<ReadOnlyMemory<byte>>(default, failure);
        }
    }

    private static async Coroutine<Outcome<ReadOnlyMemory<byte>>> Failed(Exception failure) => new(default, failure);

    // False: nothing comes after these, the failure at the most: it is thrown in its place, and ends the enumeration.
    private bool TryTake<TArgument>(
        IEnumerator<TArgument> source, int chunk, ArrayBufferWriter<byte> written, out int taken, out Exception? unwritable)
    {
        unwritable = null;
        var one = chunk > 1 ? new ArrayBufferWriter<byte>() : written;
        for (taken = 0; taken < chunk; taken++)
        {
            if (!source.MoveNext())
            {
                return false;
            }

            one.ResetWrittenCount();
            if (!TryWrite(source.Current, one, out unwritable))
            {
                return false;
            }

            if (chunk > 1)
            {
                WorkChunk.WriteArgument(one.WrittenSpan, written);
            }
        }

        return true;
    }

    private bool TryWrite<TArgument>(TArgument argument, ArrayBufferWriter<byte> written, [NotNullWhen(false)] out Exception? unwritable)
    {
        try
        {
            WorkValues.Write(argument, written, calls.Serializer);
            unwritable = null;
            return true;
        }
        catch (Exception failure)
        {
            unwritable = failure;
            return false;
        }
    }

    private static CancellationTokenRegistration CancelAll(IEnumerable<LoopTask> under, CancellationToken token)
    {
        if (!token.CanBeCanceled)
        {
            return default;
        }

        var loop = Loop.Current;
        return token.UnsafeRegister(
            _ =>
            {
                try
                {
                    loop.Post(() =>
                    {
                        foreach (var task in under.ToArray())
                        {
                            task.Cancel("the enumeration was cancelled");
                        }
                    });
                }
                catch (ObjectDisposedException)
                {
                    // The loop is closed, and nobody enumerates.
                }
            },
            null);
    }
}
