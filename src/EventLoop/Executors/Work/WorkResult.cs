namespace EventLoop;

/// <summary>One of many pieces of work that is done, as <c>AsCompleted</c> gives them.</summary>
/// <typeparam name="TArgument">The type of the argument.</typeparam>
/// <typeparam name="TResult">The type of the result.</typeparam>
/// <param name="Argument">What it was given.</param>
/// <param name="Outcome">Its result, or why there is none.</param>
public readonly record struct WorkResult<TArgument, TResult>(TArgument Argument, Outcome<TResult> Outcome);
