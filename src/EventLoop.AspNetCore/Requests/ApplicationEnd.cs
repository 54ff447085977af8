using System.Runtime.CompilerServices;
using EventLoop.Foreign;

namespace EventLoop.AspNetCore.Requests;

/// <summary>
/// The await of what the application does for a request, which no cancellation abandons: what is inside takes it at its own wait. Kestrel uses the request's
/// context for the next one as soon as the request has ended.
/// </summary>
/// <param name="task">The application's.</param>
internal readonly struct ApplicationEnd(Task task) : ICriticalNotifyCompletion
{
    public bool IsCompleted => task.IsCompleted;

    public ApplicationEnd GetAwaiter() => this;

    public void GetResult() => task.GetAwaiter().GetResult();

    public void OnCompleted(Action continuation) => task.GetAwaiter().OnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        ForeignWait.Vouch(continuation);      // a task calls it once
        task.GetAwaiter().UnsafeOnCompleted(continuation);
    }
}
