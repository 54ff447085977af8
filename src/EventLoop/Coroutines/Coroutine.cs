using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A cold awaitable: an async method that returns it, or a built-in operation. It runs when it
/// is awaited, in the awaiting task; it is awaited once.</summary>
/// <remarks>
/// <para>Calling an <c>async Coroutine</c> method runs nothing, as in Python. <c>await</c> runs it inside the current task, in the same step;
/// <see cref="Loop.CreateTask(Coroutine, string?, bool?)"/> makes it a task of its own.</para>
/// <para>A second await of the same coroutine throws, except where it cannot be detected: <see cref="Completed"/>, what <see cref="FromResult"/> and
/// <see cref="FromException(Exception)"/> have made, and <see cref="Loop.Sleep(TimeSpan)"/>. The default value is not a coroutine: awaiting it throws.</para>
/// <para><b>Thread:</b> it may be made anywhere; it runs on the thread of the loop that awaits it, and always resumes there, whatever it awaited.</para>
/// <para><b>Cost:</b> 0 bytes in the steady state, even if it suspends: its box is pooled by the loop.</para>
/// <para>asyncio: a coroutine object.</para>
/// </remarks>
[AsyncMethodBuilder(typeof(CoroutineMethodBuilder))]
[DebuggerDisplay("{DebuggerText,nq}")]
public readonly struct Coroutine
{
    /// <summary>The token of a coroutine that has ended and needs no source. Zero, and so the default value, is not a valid token.</summary>
    internal const long Ended = 1;

    internal readonly ICoroutineSource? Source;     // null: it has ended, or is the default value, which is no coroutine
    internal readonly long Token;

    internal Coroutine(ICoroutineSource? source, long token)
    {
        Source = source;
        Token = token;
    }

    /// <summary>A coroutine that has completed. Like those of <see cref="FromResult"/> and <see cref="FromException(Exception)"/>, and unlike others, it may be
    /// awaited any number of times.</summary>
    public static Coroutine Completed => new(null, Ended);

    private string DebuggerText => Source is CoroutineBox box ? $"Coroutine {box.MethodName}"
        : Source is not null ? $"Coroutine {Source.GetType().Name}"
        : Token == Ended ? "Coroutine (completed)"
        : "Coroutine (default, nobody's)";

    /// <summary>Refuses the default value.</summary>
    internal void Verify() => VerifyEnded(Source is null ? Token : Ended);

    /// <summary>Verifies one without a source, which has ended or is the default value.</summary>
    internal static void VerifyEnded(long token)
    {
        if (token != Ended)
        {
            Throw.DefaultCoroutine();
        }
    }

    /// <summary>Called when it was refused, and its giver has the exception, so that it is not also reported as lost.</summary>
    internal void Excuse()
    {
        (Source as CoroutineBox)?.Excuse(Token);
        (Source as WatchedOperation)?.Settle();
    }

    /// <summary>Makes a coroutine that fails with <paramref name="exception"/> when it is awaited.</summary>
    /// <param name="exception">What the await throws.</param>
    /// <exception cref="ArgumentNullException"><paramref name="exception"/> is null.</exception>
    public static Coroutine FromException(Exception exception) => new(new FailedSource<NoResult>(exception), 0);

    /// <summary>Makes a coroutine that fails with <paramref name="exception"/> when it is awaited.</summary>
    /// <typeparam name="T">The type of the result that it will not have.</typeparam>
    /// <param name="exception">What the await throws.</param>
    /// <exception cref="ArgumentNullException"><paramref name="exception"/> is null.</exception>
    public static Coroutine<T> FromException<T>(Exception exception) => new(new FailedSource<T>(exception), 0);

    /// <summary>Makes a coroutine that returns <paramref name="value"/> at once.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="value">The result.</param>
    public static Coroutine<T> FromResult<T>(T value) => new(value);

    /// <summary>For <c>await</c>.</summary>
    public CoroutineAwaiter GetAwaiter() => new(Source, Token);

    /// <summary>Starts it in the current task's context and returns a <see cref="Task"/>, for APIs that need one.</summary>
    /// <returns>A task that ends as the coroutine ends; a cancellation makes it canceled.</returns>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, or the coroutine has started already.</exception>
    public Task AsTask()
    {
        Verify();
        _ = LoopCore.RequiredFor(this);
        return Await(this);

        static async Task Await(Coroutine coroutine) => await coroutine;
    }
}

/// <summary>A cold awaitable with a result; see <see cref="Coroutine"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <remarks><inheritdoc cref="Coroutine" path="/remarks"/></remarks>
[AsyncMethodBuilder(typeof(CoroutineMethodBuilder<>))]
[DebuggerDisplay("{DebuggerText,nq}")]
public readonly struct Coroutine<T>
{
    internal readonly ICoroutineSource<T>? Source;     // null: it has ended with a value, or is the default value, which is no coroutine
    internal readonly long Token;
    private readonly T? value;

    internal Coroutine(ICoroutineSource<T> source, long token)
    {
        Source = source;
        Token = token;
    }

    internal Coroutine(T value)
    {
        Token = Coroutine.Ended;
        this.value = value;
    }

    private string DebuggerText => Source is CoroutineBox box ? $"Coroutine<{typeof(T).Name}> {box.MethodName}" : $"Coroutine<{typeof(T).Name}>";

    /// <summary>Drops the result.</summary>
    /// <param name="coroutine">The same coroutine: it can still be awaited only once.</param>
    public static implicit operator Coroutine(Coroutine<T> coroutine) => new(coroutine.Source, coroutine.Token);

    /// <summary>For <c>await</c>.</summary>
    public CoroutineAwaiter<T> GetAwaiter() => new(Source, Token, value);

    /// <summary>Starts it in the current task's context and returns a <see cref="Task{T}"/>, for APIs that need one.</summary>
    /// <returns>A task that ends as the coroutine ends; a cancellation makes it canceled.</returns>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, or the coroutine has started already.</exception>
    public Task<T> AsTask()
    {
        ((Coroutine)this).Verify();
        _ = LoopCore.RequiredFor(this);
        return Await(this);

        static async Task<T> Await(Coroutine<T> coroutine) => await coroutine;
    }
}
