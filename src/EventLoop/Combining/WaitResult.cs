namespace EventLoop;

/// <summary>What <c>Loop.Wait</c> found; both in the order of its argument.</summary>
/// <typeparam name="TAwaitable">What was waited for.</typeparam>
/// <param name="Done">Those that had ended.</param>
/// <param name="Pending">Those that had not; they continue.</param>
public readonly record struct WaitResult<TAwaitable>(IReadOnlyList<TAwaitable> Done, IReadOnlyList<TAwaitable> Pending);
