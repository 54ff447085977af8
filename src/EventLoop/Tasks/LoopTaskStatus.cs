using EventLoop.Cancellation;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>The state of a task.</summary>
public enum LoopTaskStatus
{
    /// <summary>It is in the ready queue.</summary>
    Ready,

    /// <summary>Its step is running.</summary>
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
