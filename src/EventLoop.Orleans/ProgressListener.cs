using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>Calls a callback with progress reports on its loop, in the order in which they were made. Any thread.</summary>
internal sealed class ProgressListener<TProgress>(Loop loop, Action<TProgress> callback, IWorkSerializer serializer,
    Action<Exception> failed) : IProgressObserver
{
    private readonly Dictionary<long, ReadOnlyMemory<byte>> early = [];      // used on the loop
    private long next;                                                       // used on the loop
    private bool isOver;                                                     // used on the loop

    // Orleans calls an observer for one message after another, in the order of their arrival: an early one is kept until its turn.
    public async Task Report(long number, ReadOnlyMemory<byte> progress)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            try
            {
                Take(number, progress);
            }
            finally
            {
                taken.SetResult();      // the work waits for it
            }
        });
        await taken.Task.ConfigureAwait(false);
    }

    /// <summary>Run has ended: no further call. On the loop.</summary>
    internal void Close() => isOver = true;

    private void Take(long number, ReadOnlyMemory<byte> progress)
    {
        if (number < next)
        {
            return;      // a further attempt starts counting anew
        }

        early.TryAdd(number, progress);
        while (early.Remove(next, out var due))
        {
            next++;
            if (isOver)
            {
                continue;
            }

            try
            {
                callback(WorkValues.Read<TProgress>(due.Span, serializer));
            }
            catch (Exception failure)
            {
                isOver = true;
                failed(failure);
            }
        }
    }
}
