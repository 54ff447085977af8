namespace EventLoop;

/// <summary>When <c>Loop.Wait</c> returns.</summary>
public enum ReturnWhen
{
    /// <summary>When all have ended.</summary>
    AllCompleted,

    /// <summary>When any one has ended.</summary>
    FirstCompleted,

    /// <summary>When any one has failed (a cancellation is not a failure), or all have ended.</summary>
    FirstException,
}
