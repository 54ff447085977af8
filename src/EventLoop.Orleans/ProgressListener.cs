using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>Notifies a callback of progress on its loop, in the order in which it was reported. Any thread.</summary>
internal sealed class ProgressListener<TProgress>(Loop loop, Action<TProgress> callback, IWorkSerializer serializer,
    Action<Exception> failed) : IProgressObserver
{
    private readonly Dictionary<long, ReadOnlyMemory<byte>> early = [];      // the loop's
    private long next;                                                       // the loop's
    private bool isOver;                                                     // the loop's

    // Orleans calls an observer for one message after the other, in the order in which they happen to come: one that is early is not waited for.
    public async Task Report(long number, ReadOnlyMemory<byte> progress)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            Take(number, progress);
            taken.SetResult();
        });
        await taken.Task.ConfigureAwait(false);
    }

    private void Take(long number, ReadOnlyMemory<byte> progress)
    {
        if (number < next)
        {
            return;      // an attempt after another one begins anew
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
