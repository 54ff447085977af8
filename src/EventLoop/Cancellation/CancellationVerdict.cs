using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

/// <summary>Decides whether an exception stands for a cancellation: .NET's own do, and those that the program names by
/// <see cref="LoopOptions.IsCancellation"/>.</summary>
internal static class CancellationVerdict
{
    internal static bool IsCancellation(Loop loop, Exception exception)
    {
        if (exception is OperationCanceledException or LoopExitException || loop.Options.IsCancellation is not { } counts)
        {
            return exception is OperationCanceledException;
        }

        bool answer = false;
        loop.Core.RunAside(
            asked =>
            {
                try
                {
                    answer = counts(asked);
                }
                catch (Exception failure)
                {
                    loop.OnCallbackFailed(failure);
                }
            },
            exception);
        return answer;
    }
}
