using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using EventLoop.Reporting;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>The exceptions of wrong calls: separate from the hot paths, so that these stay inlinable, and each says what to do instead.</summary>
[StackTraceHidden]
internal static class Throw
{
    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    internal static LoopCore NoRunningLoop() => throw new InvalidOperationException(LeftLoopFinder.FindMethod() is { } method
        ? $"There is no running event loop on this thread. {LeftLoopFinder.Explain(method)}"
        : "There is no running event loop on this thread. Start one with Loop.Run(...), or hand the work to a loop with loop.Submit(...) or loop.Post(...).");

    [DoesNotReturn]
    internal static void NoCurrentTask(string member) => throw new InvalidOperationException(
        $"{member} needs a current task, and a plain callback is none. Start one with Loop.CreateTask(...) and call it there.");

    [DoesNotReturn]
    internal static void NestedRun() => throw new InvalidOperationException(
        "An event loop is already running on this thread. Await the coroutine, or start it with Loop.CreateTask(...), instead of running a second loop "
            + "inside the first.");

    [DoesNotReturn]
    internal static void RunsElsewhere(string loop) => throw new InvalidOperationException(
        $"Loop '{loop}' runs on another thread already. Hand it work with loop.Submit(...) or loop.Post(...), or stop it there first.");

    [DoesNotReturn]
    internal static void WrongThread(string member, string loop) => throw new InvalidOperationException(
        $"{member} was called from a thread that is not the thread of loop '{loop}'. "
        + (LeftLoopFinder.FindMethod() is { } method ? LeftLoopFinder.Explain(method)
            : "From other threads use loop.Post(...) for a callback or loop.Submit(...) for a coroutine."));

    [DoesNotReturn]
    internal static void OtherLoop(string what, string loop) => throw new InvalidOperationException(
        $"The {what} belongs to another event loop, '{loop}'. Await it on its own loop, or take its AsTask() across.");

    [DoesNotReturn]
    internal static void OtherLoop(string what) => throw new InvalidOperationException(
        $"The {what} belongs to another event loop. Use it on its own loop, or hand the work to that one by loop.Submit(...).");

    [DoesNotReturn]
    internal static void AwaitedTwice() => throw new InvalidOperationException(
        "This coroutine was awaited or started already; a coroutine runs once. To wait for it from several places make it a task: Loop.CreateTask(...).");

    [DoesNotReturn]
    internal static void GivenTwice() => throw new InvalidOperationException(
        "The same coroutine was given twice; a coroutine runs once. Make it a task, Loop.CreateTask(...), and give that as often as you like.");

    [DoesNotReturn]
    internal static void NotCompleted(string what) => throw new InvalidOperationException(
        $"The {what} has not completed, and asking for its outcome does not wait for it. Await it; without an await ask IsCompleted first, and go on in a "
            + "callback.");

    [DoesNotReturn]
    internal static void ValueTaskAwaitedTwice() => throw new InvalidOperationException(
        "This ValueTask was awaited already: by somebody who waits for it still, or to its end. A ValueTask is awaited once; where several wait, take its "
            + "AsTask() once and await that.");

    [DoesNotReturn]
    internal static void NotStarted() => throw new InvalidOperationException(
        "This coroutine has not been started, so nobody can wait for its end. Await it, which starts it; by hand ask its awaiter's IsCompleted first, which "
            + "does, too.");

    [DoesNotReturn]
    internal static void DefaultCoroutine() => throw new InvalidOperationException(
        "This is the default value of a coroutine: a field, an array element or a parameter that nobody has set. Call an async Coroutine method for one; "
            + "Coroutine.Completed and Coroutine.FromResult(...) are those that have ended.");

    [DoesNotReturn]
    internal static void AlreadyCompleted(string what) => throw new InvalidOperationException(
        $"The {what} was completed already; it takes one outcome. Use TrySetResult or TrySetException where several may compete.");

    [DoesNotReturn]
    internal static void Closed(string loop) => throw IsClosed(loop);

    internal static ObjectDisposedException IsClosed(string loop) => new(
        loop, $"The event loop '{loop}' is closed and takes no more work. Schedule before it is disposed, or make a new one.");

    [DoesNotReturn]
    internal static void BoundToOtherLoop(string member, string loop) => throw new InvalidOperationException(
        $"{member} was called on another loop than '{loop}', which uses it. A primitive belongs to one loop: make one for each, or go through that loop's "
            + "Post(...) or Submit(...).");

    [DoesNotReturn]
    internal static void HeldByTheDead(string holder, string loop) => throw new InvalidOperationException(
        $"The lock is still held by {holder} of loop '{loop}', which is closed: it will never be given back. Release() it once what it protects is in order, "
            + "or make a new one.");

    [DoesNotReturn]
    internal static void NotLocked(string what) => throw new InvalidOperationException(
        $"The {what} is not locked, so there is nothing to release. It was released twice, or never acquired.");

    [DoesNotReturn]
    internal static void Ending(string loop) => throw RunIsOver(loop);

    internal static ObjectDisposedException RunIsOver(string loop) => new(
        loop, $"The run of event loop '{loop}' is ending: its main is done, and it takes no more work from other threads. Submit before main returns, or "
            + "have main wait for those who submit.");
}
