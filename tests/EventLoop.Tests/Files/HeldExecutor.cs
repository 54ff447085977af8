namespace EventLoop.Tests.Files;

/// <summary>An executor as slow as the test wants: it counts what it is given, and runs it when it is told to.</summary>
internal sealed class HeldExecutor(bool holds) : IExecutor
{
    private readonly Lock gate = new();
    private readonly List<Action> held = [];
    private bool isOpen = !holds;

    public int Count { get; private set; }

    public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Run()
        {
            try
            {
                done.TrySetResult(work());
            }
            catch (Exception failure)
            {
                done.TrySetException(failure);
            }
        }

        lock (gate)
        {
            Count++;
            if (!isOpen)
            {
                held.Add(Run);
                return done.Task;
            }
        }

        ThreadPool.QueueUserWorkItem(_ => Run());
        return done.Task;
    }

    public void Release()
    {
        lock (gate)
        {
            isOpen = true;
            held.ForEach(static run => ThreadPool.QueueUserWorkItem(_ => run()));
            held.Clear();
        }
    }

    public void Hold() => isOpen = false;

    /// <summary>Runs what it holds on this thread, to the end.</summary>
    public void RunHere()
    {
        Action[] given;
        lock (gate)
        {
            given = [.. held];
            held.Clear();
        }

        Array.ForEach(given, static run => run());
    }

    public ValueTask DisposeAsync() => default;
}
