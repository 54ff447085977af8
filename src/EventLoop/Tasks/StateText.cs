using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>The state of a task or future, in words. Any thread; never throws, and does not count as retrieving a failure.</summary>
internal static class StateText
{
    private const int Longest = 200;

    internal static string Of(LoopAwaitable awaitable) =>
        awaitable.IsCompletedSuccessfully ? awaitable.HasResult ? $"finished, result: {Show(awaitable.ResultToShow)}" : "finished"
        : awaitable.PeekFailure() is { } failure ? $"failed, {Cut(FailureText.Of(failure))}"
        : awaitable.IsCanceled ? awaitable.CancelReason is { } reason ? $"canceled: {Cut(reason)}" : "canceled"
        : Pending(awaitable);

    private static string Pending(LoopAwaitable awaitable)
    {
        if (awaitable is not LoopTask task)
        {
            return "pending";
        }

        try
        {
            string state = task.WaitingOn is { } what ? $"waiting on {what}" : task.Status == LoopTaskStatus.Running ? "running" : "ready";
            return task.CancelRequests > 0 ? $"{state}, cancellation requested" : state;
        }
        catch (Exception failure) when (failure is InvalidOperationException or NullReferenceException)
        {
            return "pending";      // it changed while another thread read it
        }
    }

    private static string Show(object? result)
    {
        try
        {
            return result switch
            {
                null => "null",
                string text => $"\"{Cut(text)}\"",
                _ => Cut(result.ToString() ?? ""),
            };
        }
        catch (Exception failure)
        {
            return $"a {result!.GetType().Name} whose ToString threw {failure.GetType().Name}";
        }
    }

    private static string Cut(string text)
    {
        text = text.ReplaceLineEndings(" ");
        return text.Length <= Longest ? text : $"{text.AsSpan(0, Longest)}...";
    }
}
