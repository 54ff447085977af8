using EventLoop;

namespace Greenlets;

/// <summary>A coroutine that gives one value after the other and stands still in between. Python: a generator,
/// with <c>yield</c> and <c>yield from</c>. Loop thread only.</summary>
/// <param name="body">Called for each enumeration; nothing runs before the first value is asked for.</param>
internal sealed class Generator<T>(Func<Generator<T>.Output, Coroutine> body) : IAsyncEnumerable<T>
{
    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        var output = new Output();
        var task = Loop.CreateTask(output.RunAsync(body), "generator");
        try
        {
            while (await output.NextAsync())
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return output.Value!;
            }
        }
        finally
        {
            if (!task.IsCompleted)
            {
                task.Cancel("nobody wants more");      // its finally blocks run
            }
        }
    }

    /// <summary>What the body yields to.</summary>
    internal sealed class Output
    {
        private readonly AsyncEvent _wanted = new();
        private LoopFuture<bool>? _asked;      // true: there is a value; false: there will be none

        internal T? Value { get; private set; }

        /// <summary>Gives a value, and goes on when the next one is asked for.</summary>
        public async Coroutine Yield(T value)
        {
            Value = value;
            _wanted.Clear();
            _asked!.SetResult(true);
            await _wanted.WaitAsync();
        }

        /// <summary>Gives all that another one gives. Python: <c>yield from</c>.</summary>
        public async Coroutine YieldFrom(IAsyncEnumerable<T> others)
        {
            await foreach (var value in others)
            {
                await Yield(value);
            }
        }

        internal async Coroutine<bool> NextAsync()
        {
            var asked = _asked = Loop.Current.CreateFuture<bool>();
            _wanted.Set();
            return await asked;
        }

        internal async Coroutine RunAsync(Func<Output, Coroutine> body)
        {
            await _wanted.WaitAsync();
            try
            {
                await body(this);
                _asked!.TrySetResult(false);
            }
            catch (Exception failure)
            {
                // Whoever asks gets it, a cancellation as well: it may be one of something that the body awaited. Where nobody does, it is the task's.
                if (!_asked!.TrySetException(failure) || Loop.CurrentTask!.CancelRequests > 0)
                {
                    throw;
                }
            }
        }
    }
}
