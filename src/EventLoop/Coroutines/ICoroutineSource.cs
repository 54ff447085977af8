using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>
/// What stands behind a <see cref="Coroutine"/>: the box of an async method, or a built-in operation, whose argument is passed in the token so that one shared
/// object serves all calls. The three methods are the three of an awaiter. Loop thread only.
/// </summary>
internal interface ICoroutineSource
{
    /// <summary>Begins it in the running task. True if it has ended already.</summary>
    bool Start(long token);

    /// <summary>Called if it has not ended: <paramref name="awaiting"/> resumes when it does.</summary>
    void Park(LoopCore core, long token, WaitNode awaiting);

    /// <summary>Called when it has ended; throws if it failed.</summary>
    void End(long token);
}

/// <inheritdoc/>
internal interface ICoroutineSource<out T> : ICoroutineSource
{
    /// <summary>Called when it has ended; returns its result.</summary>
    T EndWithResult(long token);
}

/// <summary>How the builder hands a suspended coroutine to one of the library's awaiters. The JIT removes the test and the boxing for structs.</summary>
internal interface ILoopAwaiter
{
    /// <summary>The loop that runs here, from wherever the awaiter gets it most cheaply.</summary>
    LoopCore Core { get; }

    void Park(LoopCore core, WaitNode awaiting);
}
