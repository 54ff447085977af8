namespace EventLoop.Orleans.Workers;

/// <summary>Several pieces of work that came in one call, which returns when the last one ends. Any thread.</summary>
internal sealed class SiloBatch(int count)
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int left = count;

    internal Task Ended => ended.Task;

    internal void OneEnded()
    {
        if (Interlocked.Decrement(ref left) == 0)
        {
            ended.TrySetResult();
        }
    }
}
