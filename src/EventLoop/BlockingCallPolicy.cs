using Microsoft.Extensions.Logging;

namespace EventLoop;

/// <summary>What becomes of a blocking wait on the loop's thread.</summary>
public enum BlockingCallPolicy
{
    /// <summary>Nothing; debug mode warns all the same.</summary>
    Ignore,

    /// <summary>It is logged, with its stack.</summary>
    Warn,

    /// <summary>It throws <see cref="InvalidOperationException"/> instead of blocking.</summary>
    Throw,
}
