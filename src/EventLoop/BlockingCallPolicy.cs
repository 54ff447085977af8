using Microsoft.Extensions.Logging;

namespace EventLoop;

/// <summary>What the loop does about a blocking wait on its thread.</summary>
public enum BlockingCallPolicy
{
    /// <summary>Nothing, except that debug mode warns.</summary>
    Ignore,

    /// <summary>Logs it with its stack.</summary>
    Warn,

    /// <summary>Throws <see cref="InvalidOperationException"/> instead of blocking.</summary>
    Throw,
}
