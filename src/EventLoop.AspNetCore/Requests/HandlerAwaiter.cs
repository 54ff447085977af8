using System.Runtime.CompilerServices;
using EventLoop.Foreign;

namespace EventLoop.AspNetCore.Requests;

/// <summary>
/// Awaits what the application does for a request in a way that no cancellation abandons: code inside receives it at its own wait. Kestrel reuses the
/// request's context for the next one as soon as the request has ended.
/// </summary>
/// <param name="task">The application's task.</param>
internal readonly struct HandlerAwaiter(Task task) : ICriticalNotifyCompletion
{
    public bool IsCompleted => task.IsCompleted;

    public HandlerAwaiter GetAwaiter() => this;

    public void GetResult() => task.GetAwaiter().GetResult();

    public void OnCompleted(Action continuation) => task.GetAwaiter().OnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        ForeignWait.Vouch(continuation);      // a task calls it once
        task.GetAwaiter().UnsafeOnCompleted(continuation);
    }
}
