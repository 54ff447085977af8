using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>A result of type <typeparamref name="T"/> that other code sets by hand, and that tasks await. asyncio: <c>Future</c>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <remarks><b>Thread:</b> completed on its loop's thread; from other threads by <c>loop.Post(() =&gt; future.SetResult())</c>. Waiters are woken through the
/// ready queue, in order, never inline.</remarks>
/// <example>
/// <code>
/// LoopFuture&lt;string&gt; name = Loop.Current.CreateFuture&lt;string&gt;();
/// Loop.Current.CallLater(TimeSpan.FromMilliseconds(10), () =&gt; name.SetResult("Ada"));
/// Console.WriteLine(await name);
/// </code>
/// </example>
public sealed class LoopFuture<T> : LoopAwaitable
{
    private readonly LoopCore core;
    private T? value;

    /// <summary>Makes a future of <paramref name="loop"/>, or of the loop that runs on this thread.</summary>
    /// <param name="loop">Null: the running loop.</param>
    /// <exception cref="InvalidOperationException">No loop was given and none runs here.</exception>
    public LoopFuture(Loop? loop = null)
    {
        core = loop?.Core ?? LoopCore.Required;
        if (core.Loop.Debug)
        {
            NoteOrigin();
        }
    }

    internal override LoopCore Core => core;

    internal override string Kind => "future";

    internal override string Label => ResourceNames.Label("future", this);

    internal override bool HasResult => true;

    internal override object? ResultToShow => value;

    internal T Value => value!;

    /// <summary>The result.</summary>
    /// <exception cref="InvalidOperationException">It has not ended; reading the result never waits.</exception>
    /// <exception cref="LoopCanceledException">It was canceled. A failure is rethrown unchanged.</exception>
    public T Result
    {
        get
        {
            ThrowUnlessSucceeded();
            return value!;
        }
    }

    /// <inheritdoc cref="LoopAwaitable.AddDoneCallback(Action{LoopAwaitable})"/>
    public void AddDoneCallback(Action<LoopFuture<T>> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        AddDoneCallback(callback, ended => callback((LoopFuture<T>)ended));
    }

    /// <inheritdoc cref="LoopAwaitable.RemoveDoneCallback(Action{LoopAwaitable})"/>
    public int RemoveDoneCallback(Action<LoopFuture<T>> callback) => RemoveDoneCallback((Delegate)callback);

    /// <inheritdoc cref="LoopAwaitable.AsCoroutine"/>
    public new Coroutine<T> AsCoroutine() => new(new AwaitSource<T>(this, static ended => ((LoopFuture<T>)ended).Value), 0);

    /// <summary>The same as <see cref="AsCoroutine"/>, so that a future can be given among coroutines of its type.</summary>
    /// <param name="future">A future.</param>
    public static implicit operator Coroutine<T>(LoopFuture<T> future)
    {
        ArgumentNullException.ThrowIfNull(future);
        return future.AsCoroutine();
    }

    /// <summary>For <c>await</c>.</summary>
    public new LoopAwaiter<T> GetAwaiter() => new(this);

    /// <inheritdoc cref="LoopAwaitable.AsTask"/>
    public new Task<T> AsTask() => TaskBridge<T>.From(this, static ended => ((LoopFuture<T>)ended).ToTask());

    /// <summary>A Task in the state in which this ended.</summary>
    internal async Task<T> ToTask()
    {
        await Task.CompletedTask.ConfigureAwait(false);
        return Result;
    }

    /// <summary>Completes it.</summary>
    /// <param name="value">The result.</param>
    /// <exception cref="InvalidOperationException">It is completed already, or this is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void SetResult(T value)
    {
        if (!TrySetResult(value))
        {
            Throw.AlreadyCompleted(Kind);
        }
    }

    /// <summary>Completes it unless it is completed already.</summary>
    /// <param name="value">The result.</param>
    /// <returns>False if it was completed already.</returns>
    /// <exception cref="InvalidOperationException">This is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public bool TrySetResult(T value)
    {
        if (!core.IsSurelyHere)
        {
            VerifyMayEnd(nameof(TrySetResult));
        }

        if (IsCompleted)
        {
            return false;
        }

        this.value = value;
        Succeed(core);
        return true;
    }

    /// <summary>Fails it; an <see cref="OperationCanceledException"/> of the loop cancels it.</summary>
    /// <param name="exception">What awaiting it throws.</param>
    /// <exception cref="InvalidOperationException">It is completed already, or this is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void SetException(Exception exception)
    {
        if (!TrySetException(exception))
        {
            Throw.AlreadyCompleted(Kind);
        }
    }

    /// <summary>Fails it unless it is completed already.</summary>
    /// <param name="exception">What awaiting it throws.</param>
    /// <returns>False if it was completed already.</returns>
    /// <exception cref="InvalidOperationException">This is not the loop's thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public bool TrySetException(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (!core.IsSurelyHere)
        {
            VerifyMayEnd(nameof(TrySetException));
        }

        if (IsCompleted)
        {
            return false;
        }

        var failure = Failure.Of(exception, null);
        if (failure.IsCancellation)
        {
            EndCanceled(failure);
        }
        else
        {
            Fail(failure);
        }

        return true;
    }

    internal override bool CancelCore(string? reason)
    {
        if (IsCompleted)
        {
            return false;
        }

        if (reason is not null)
        {
            Details.CancelReason = reason;
        }

        EndCanceled(null);
        return true;
    }
}
