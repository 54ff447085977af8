using System.Runtime.CompilerServices;

namespace EventLoop.AotSmoke;

internal static class Check
{
    internal static void That(bool holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        if (!holds)
            throw new InvalidOperationException($"expected: {what}");
    }

    /// <summary>Cancels a task that waits, and expects that this ends it at once.</summary>
    internal static async Coroutine CancelAsync(LoopTask task)
    {
        await Loop.Yield();
        That(!task.IsCompleted);
        task.Cancel();
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
        }

        That(task.IsCanceled);
    }
}
