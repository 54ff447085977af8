using EventLoop.Cancellation;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>Where a task stands.</summary>
public enum LoopTaskStatus
{
    /// <summary>In the ready queue.</summary>
    Ready,

    /// <summary>Its step runs now.</summary>
    Running,

    /// <summary>It waits for something.</summary>
    Waiting,

    /// <summary>It returned.</summary>
    RanToCompletion,

    /// <summary>It threw.</summary>
    Faulted,

    /// <summary>It was canceled.</summary>
    Canceled,
}
