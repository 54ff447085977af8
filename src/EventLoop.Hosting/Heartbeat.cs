using EventLoop.Scheduling;

namespace EventLoop.Hosting;

/// <summary>Measures whether a loop is turning: something is posted to it, and has to be back within a time. At most one beat is pending, however many
/// ask.</summary>
/// <remarks><b>Thread:</b> any.</remarks>
internal sealed class Heartbeat(Loop loop, TimeSpan limit)
{
    private readonly Lock gate = new();
    private Beat? beat;       // guarded by the gate

    internal Loop Loop => loop;

    internal TimeSpan Limit => limit;

    /// <summary>What the loop's thread is doing.</summary>
    internal string CurrentStep => loop.Core.Current?.Task?.Label ?? "a callback";

    /// <summary>Measures how long the loop takes to get to what is posted to it.</summary>
    /// <returns>The time; null if it has not got to it within the limit, counted from when the current beat was posted.</returns>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    internal async Task<TimeSpan?> MeasureAsync(CancellationToken cancellationToken)
    {
        var current = Join();
        var left = limit - TimeProvider.System.GetElapsedTime(current.Posted);
        try
        {
            return await current.Back.Task.WaitAsync(left > TimeSpan.Zero ? SystemWait.Limit(left) : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private Beat Join()
    {
        lock (gate)
        {
            if (beat is { Back.Task.IsCompleted: false } && !loop.IsClosed)
            {
                return beat;
            }

            var fresh = new Beat();
            loop.Post(fresh.Return);
            return beat = fresh;
        }
    }

    private sealed class Beat
    {
        internal long Posted { get; } = TimeProvider.System.GetTimestamp();

        internal TaskCompletionSource<TimeSpan?> Back { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Return() => Back.TrySetResult(TimeProvider.System.GetElapsedTime(Posted));
    }
}
