namespace EventLoop;

/// <summary>When <c>Loop.Wait</c> returns.</summary>
public enum ReturnWhen
{
    /// <summary>When all have ended.</summary>
    AllCompleted,

    /// <summary>When any one has ended.</summary>
    FirstCompleted,

    /// <summary>When any one has failed (a cancellation is no failure), or all have ended.</summary>
    FirstException,
}

/// <summary>What <c>Loop.Wait</c> found; both in the order of its argument.</summary>
/// <typeparam name="TAwaitable">What was waited for.</typeparam>
/// <param name="Done">Those that had ended.</param>
/// <param name="Pending">Those that had not; they go on.</param>
public readonly record struct WaitResult<TAwaitable>(IReadOnlyList<TAwaitable> Done, IReadOnlyList<TAwaitable> Pending);
