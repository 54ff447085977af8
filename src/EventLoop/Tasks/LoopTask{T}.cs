using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>A task with a result; see <see cref="LoopTask"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public sealed class LoopTask<T> : LoopTask
{
    private T? value;

    private LoopTask(LoopCore core, string? name, ITaskOwner? owner)
        : base(core, name, owner)
    {
    }

    internal override bool HasResult => typeof(T) != typeof(NoResult);

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
    public void AddDoneCallback(Action<LoopTask<T>> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        AddDoneCallback(callback, ended => callback((LoopTask<T>)ended));
    }

    /// <inheritdoc cref="LoopAwaitable.RemoveDoneCallback(Action{LoopAwaitable})"/>
    public int RemoveDoneCallback(Action<LoopTask<T>> callback) => RemoveDoneCallback((Delegate)callback);

    /// <inheritdoc cref="LoopAwaitable.AsCoroutine"/>
    public new Coroutine<T> AsCoroutine() => new(new AwaitSource<T>(this, static ended => ((LoopTask<T>)ended).Value), 0);

    /// <summary>The same as <see cref="AsCoroutine"/>, so that a task can be given among coroutines of its type.</summary>
    /// <param name="task">A task.</param>
    public static implicit operator Coroutine<T>(LoopTask<T> task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.AsCoroutine();
    }

    /// <summary>For <c>await</c>.</summary>
    public new LoopAwaiter<T> GetAwaiter() => new(this);

    /// <inheritdoc cref="LoopAwaitable.AsTask"/>
    public new Task<T> AsTask() => TaskBridge<T>.From(this, static ended => ((LoopTask<T>)ended).ToTask());

    internal static LoopTask<T> Create(LoopCore core, Coroutine<T> coroutine, string? name, bool eager, ITaskOwner? owner = null)
    {
        ((Coroutine)coroutine).Verify();
        var task = new LoopTask<T>(core, name, owner);
        var (body, token) = coroutine.Source is CoroutineBox box ? (box, coroutine.Token) : Body(Wrap(OperationWatch.Settled(coroutine)));
        task.Begin(core, body, token, eager);
        return task;

        static async Coroutine<T> Wrap(Coroutine<T> operation) => await operation;
        static (CoroutineBox, long) Body(Coroutine<T> wrapped) => ((CoroutineBox)wrapped.Source!, wrapped.Token);
    }

    internal override void OnBodyEnded(CoroutineBox body)
    {
        value = ((CoroutineBox<T>)body).Result;
        base.OnBodyEnded(body);
    }

    /// <summary>A Task in the state in which this ended.</summary>
    internal async Task<T> ToTask()
    {
        await Task.CompletedTask.ConfigureAwait(false);
        return Result;
    }
}
