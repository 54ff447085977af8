using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization.Queues;

/// <summary>
/// Takes items until no more can come: <c>await foreach</c> over a queue or a receiver. It is both the waiting node and the source behind the ValueTask, so
/// that an item costs nothing, whether or not it has to be waited for. .NET's own source for that would post the continuation through the synchronization
/// context, which costs an object and another step. The wait is registered in the task that enumerates, so a cancellation interrupts it.
/// </summary>
[StackTraceHidden]
internal abstract class ItemEnumerator<T> : WaitNode, IAsyncEnumerator<T>, IValueTaskSource<bool>
{
    private enum Stage : byte
    {
        Idle,
        Pending,
        Ended,
    }

    private readonly CancellationToken token;
    private readonly CancellationTokenRegistration registration;
    private PooledWait<T>? taking;       // pending, or finished: usually reused for the next item
    private long takingToken;
    private T? current;
    private bool result;
    private ExceptionDispatchInfo? failure;
    private Action<object?>? continuation;
    private object? state;
    private ExecutionContext? flow;
    private IValueTaskSource<bool> face;      // the source behind the ValueTask: this object, until its version numbers are used up
    private short version;
    private Stage stage;

    protected ItemEnumerator(CancellationToken token)
    {
        this.token = token;
        face = this;
        if (token.CanBeCanceled)
        {
            var loop = LoopCore.Required.Loop;
            registration = token.UnsafeRegister(
                _ =>
                {
                    try
                    {
                        loop.Post(Interrupt);
                    }
                    catch (ObjectDisposedException)
                    {
                        // The loop is closed: nobody waits there any more.
                    }
                },
                null);
        }
    }

    public T Current => current!;

    /// <summary>Makes a call that takes the next item.</summary>
    protected abstract PooledWait<T> Take();

    /// <summary>Whether it is known that no more items will come.</summary>
    protected abstract bool IsOver { get; }

    /// <summary>Whether this is what <see cref="Take"/> throws when no more items will come.</summary>
    protected abstract bool IsEnd(Exception exception);

    public ValueTask<bool> MoveNextAsync()
    {
        if (stage != Stage.Idle)
        {
            throw new InvalidOperationException("The item before was asked for and not awaited. Await each MoveNextAsync before the next.");
        }

        if (token.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(token);
        }

        if (IsOver)
        {
            current = default;
            return End();
        }

        var take = Take();
        if (!ReferenceEquals(taking, take))
        {
            taking = take;
        }

        takingToken = take.Token;
        if (take.Start(takingToken))
        {
            Conclude();
            return failure is null ? new(result) : Fail();
        }

        var core = LoopCore.Required;
        if (++version == 0)
        {
            face = new Face(this);      // an object must never reuse a version number
        }

        stage = Stage.Pending;
        Context = core.Current;
        take.Park(core, takingToken, this);
        return new(face, version);
    }

    public ValueTask DisposeAsync()
    {
        registration.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Interrupt() => taking?.Interrupt(takingToken, new OperationCanceledException(token));

    private void Conclude()
    {
        try
        {
            current = taking!.EndWithResult(takingToken);
            result = true;
        }
        catch (Exception exception)
        {
            current = default;
            result = false;
            failure = IsEnd(exception) ? null : ExceptionDispatchInfo.Capture(exception);
        }
    }

    // There is nothing to wait for, but a pending cancellation is thrown.
    private static async ValueTask<bool> End()
    {
        await new Coroutine(CheckPointSource.Instance, 0);
        return false;
    }

    private async ValueTask<bool> Fail()
    {
        await ValueTask.CompletedTask;
        TakeFailure();
        return false;
    }

    private void TakeFailure()
    {
        var thrown = failure;
        failure = null;
        thrown?.Throw();
    }

    internal override void Execute()
    {
        var core = Context!.Core;
        Deliver(core);
        Conclude();
        stage = Stage.Ended;
        if (continuation is not { } run)
        {
            return;
        }

        object? argument = state;
        var context = flow;
        continuation = null;
        state = null;
        flow = null;
        core.ThreadContexts.RestoreFlow(context);
        try
        {
            run(argument);
        }
        catch (Exception exception)
        {
            core.Loop.OnCallbackFailed(exception);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => GetStatus(this, token);

    bool IValueTaskSource<bool>.GetResult(short token) => GetResult(this, token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        OnCompleted(this, continuation, state, token, flags);

    private ValueTaskSourceStatus GetStatus(IValueTaskSource<bool> asked, short token)
    {
        Verify(asked, token);
        return stage == Stage.Pending ? ValueTaskSourceStatus.Pending
            : failure is null ? ValueTaskSourceStatus.Succeeded
            : failure.SourceException is OperationCanceledException ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    private bool GetResult(IValueTaskSource<bool> asked, short token)
    {
        Verify(asked, token);
        if (stage != Stage.Ended)
        {
            Throw.NotCompleted("MoveNextAsync");
        }

        stage = Stage.Idle;
        TakeFailure();
        return result;
    }

    private void OnCompleted(IValueTaskSource<bool> asked, Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Verify(asked, token);
        if (this.continuation is not null)
        {
            Throw.ValueTaskAwaitedTwice();
        }

        ForeignWait.Vouch(state);
        var core = LoopCore.Required;
        if (stage == Stage.Ended)
        {
            core.PostContinuation(core.Current ?? core.BaseContext, new SendOrPostCallback(continuation), state);
            return;
        }

        this.continuation = continuation;
        this.state = state;
        flow = (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0 ? core.ThreadContexts.CaptureFlow() : null;
    }

    private void Verify(IValueTaskSource<bool> asked, short given)
    {
        if (given != version || stage == Stage.Idle || !ReferenceEquals(asked, face))
        {
            Throw.ValueTaskAwaitedTwice();
        }
    }

    /// <summary>The same enumerator with version numbers of its own.</summary>
    [StackTraceHidden]
    private sealed class Face(ItemEnumerator<T> drain) : IValueTaskSource<bool>
    {
        public ValueTaskSourceStatus GetStatus(short token) => drain.GetStatus(this, token);

        public bool GetResult(short token) => drain.GetResult(this, token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            drain.OnCompleted(this, continuation, state, token, flags);
    }
}
