namespace EventLoop;

/// <summary>One finished piece of work out of many, as <c>AsCompleted</c> returns them.</summary>
/// <typeparam name="TArgument">The type of the argument.</typeparam>
/// <typeparam name="TResult">The type of the result.</typeparam>
/// <param name="Argument">The argument.</param>
/// <param name="Outcome">The result, or why there is none.</param>
public readonly record struct WorkResult<TArgument, TResult>(TArgument Argument, Outcome<TResult> Outcome);
