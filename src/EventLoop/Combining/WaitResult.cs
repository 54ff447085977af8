namespace EventLoop;

/// <summary>The result of <c>Loop.Wait</c>; both lists in the order of its argument.</summary>
/// <typeparam name="TAwaitable">What was waited for.</typeparam>
/// <param name="Done">Those that had ended.</param>
/// <param name="Pending">Those that had not; they continue.</param>
public readonly record struct WaitResult<TAwaitable>(IReadOnlyList<TAwaitable> Done, IReadOnlyList<TAwaitable> Pending);
