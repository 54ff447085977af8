using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>
/// A coroutine operation as a ValueTask, for the abstractions of .NET. It comes in two kinds. A user's completes in a step of the user's
/// task, and is interrupted with it. A raw one completes in a step without any context: .NET then runs the continuations of library code
/// (SslStream, SocketsHttpHandler) right there, instead of pushing each to the thread pool. Pooled when begun on the loop.
/// </summary>
/// <remarks>Loop thread, but for the three methods of the value task source: whoever awaits.</remarks>
internal sealed class ValueTaskBridge<T> : WaitNode, IValueTaskSource<T>, IValueTaskSource
{
    private static readonly int Slot = ItemPools.NewSlot();
    private static readonly Action<object?> Done = static _ => throw new InvalidOperationException("The mark of completion is not a continuation.");

    private LoopCore? core;
    private ICoroutineSource<T>? source;
    private Func<ICoroutineSource<T>>? make;              // begun on another thread: made when it arrives on the loop
    private long token;
    private short version;
    private bool begun;
    private bool pooled;
    private T? result;
    private ExceptionDispatchInfo? failure;
    private CancellationToken cancellation;
    private CancellationTokenRegistration registration;

    private Action<object?>? continuation;                // any thread, interlocked
    private object? state;
    private SynchronizationContext? captured;
    private ExecutionContext? flow;
    private bool resumeOnPool;

    /// <summary>Begins an operation on the loop's thread.</summary>
    internal static ValueTask<T> Begin(LoopCore core, ICoroutineSource<T> source, long token, bool raw, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellation);
        }

        var context = core.Current;
        if (raw)
        {
            core.Current = null;
        }

        try
        {
            if (source.Start(token))
            {
                return new ValueTask<T>(source.EndWithResult(token));
            }

            var bridge = core.Pools.TryRent<ValueTaskBridge<T>>(Slot) ?? new();
            bridge.pooled = true;
            bridge.core = core;
            bridge.source = source;
            bridge.token = token;
            bridge.begun = true;
            bridge.Context = core.Current;
            source.Park(core, token, bridge);
            bridge.Observe(cancellation);
            return new ValueTask<T>(bridge, bridge.version);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<T>(exception);
        }
        finally
        {
            core.Current = context;
        }
    }

    /// <summary>Begins an operation from any other thread.</summary>
    internal static ValueTask<T> BeginElsewhere(LoopCore core, Func<ICoroutineSource<T>> make, bool raw, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellation);
        }

        var bridge = new ValueTaskBridge<T> { core = core, make = make, resumeOnPool = !raw, cancellation = cancellation };
        bridge.Observe(cancellation);      // before the loop can complete it, which ends the watch
        if (!core.TryPost(bridge))
        {
            bridge.registration.Dispose();
            return ValueTask.FromException<T>(new ObjectDisposedException(core.Loop.Name, $"The event loop '{core.Loop.Name}' is closed, and with it its connections."));
        }

        return new ValueTask<T>(bridge, bridge.version);
    }

    internal override void Execute()
    {
        var loop = core!;
        if (!begun)
        {
            begun = true;
            if (!BeginNow(loop))
            {
                return;
            }
        }
        else
        {
            Deliver(loop);
            Take();
        }

        Complete(loop);
    }

    internal override void OnRejected(LoopCore closed)
    {
        failure = ExceptionDispatchInfo.Capture(new ObjectDisposedException(closed.Loop.Name, $"The event loop '{closed.Loop.Name}' was closed."));
        resumeOnPool = true;
        Complete(closed);
    }

    private bool BeginNow(LoopCore loop)
    {
        try
        {
            if (cancellation.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellation);
            }

            source = make!();
            token = ((PipeOperation)source).Version;
            if (!source.Start(token))
            {
                source.Park(loop, token, this);
                return false;
            }
        }
        catch (Exception exception)
        {
            failure = ExceptionDispatchInfo.Capture(exception);
            return true;
        }

        Take();
        return true;
    }

    private void Take()
    {
        try
        {
            result = source!.EndWithResult(token);
        }
        catch (Exception exception)
        {
            failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    private void Complete(LoopCore loop)
    {
        // Waits for a callback that runs on another thread at this moment, which only posts: afterwards none can be taken for the next use's.
        registration.Dispose();
        var next = Interlocked.CompareExchange(ref continuation, Done, null);
        if (next is not null)
        {
            Volatile.Write(ref continuation, Done);      // whom it calls may ask for the status
            Resume(loop, next);
        }
    }

    private void Resume(LoopCore loop, Action<object?> next)
    {
        object? argument = state;
        var context = captured;
        var flowing = flow;
        if (context is not null && !ReferenceEquals(context, Context))
        {
            context.Post(static call => Call(((Action<object?>, object?, ExecutionContext?))call!), (next, argument, flowing));
        }
        else if (context is null && resumeOnPool)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static call => Call(call), (next, argument, flowing), preferLocal: false);
        }
        else
        {
            if (context is null)
            {
                loop.Install(null);
            }

            loop.Ambience.RestoreFlow(null);
            try
            {
                Call((next, argument, flowing));
            }
            catch (Exception exception)
            {
                loop.Loop.OnCallbackFailed(exception);
            }
        }
    }

    private static void Call((Action<object?> Run, object? State, ExecutionContext? Flow) call)
    {
        if (call.Flow is null)
        {
            call.Run(call.State);
        }
        else
        {
            ExecutionContext.Run(call.Flow, ContinuationCall.Run, (call.Run, call.State));
        }
    }

    // ---- Cancellation

    private void Observe(CancellationToken asked)
    {
        if (asked.CanBeCanceled)
        {
            cancellation = asked;      // the same as before, where another thread may read it already
            registration = asked.UnsafeRegister(static bridge => ((ValueTaskBridge<T>)bridge!).CancelFromAnyThread(), this);
        }
    }

    private void CancelFromAnyThread()
    {
        var loop = core;
        int asked = version;
        if (loop is null)
        {
            return;
        }

        if (ReferenceEquals(LoopCore.Running, loop))
        {
            Cancel(asked);
        }
        else
        {
            loop.TryPost(CallbackItem<(ValueTaskBridge<T> Bridge, int Version)>.Create(
                static cancel => cancel.Bridge.Cancel(cancel.Version), (this, asked), loop.BaseContext));
        }
    }

    private void Cancel(int asked)
    {
        if (version == asked && State == WaitState.Parked && Target!.Abort(this, null) == AbortResult.GivenUp)
        {
            WakeWith(core!, new OperationCanceledException(cancellation));
        }
    }

    // ---- For whoever awaits

    public ValueTaskSourceStatus GetStatus(short token)
    {
        Verify(token);
        return !ReferenceEquals(Volatile.Read(ref continuation), Done) ? ValueTaskSourceStatus.Pending
            : failure is null ? ValueTaskSourceStatus.Succeeded
            : failure.SourceException is OperationCanceledException ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    public void OnCompleted(Action<object?> next, object? argument, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Verify(token);
        state = argument;
        flow = (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0 ? ExecutionContext.Capture() : null;
        captured = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 ? SynchronizationContext.Current : null;
        var seen = Interlocked.CompareExchange(ref continuation, next, null);
        if (ReferenceEquals(seen, Done))
        {
            // It was complete before anybody asked: never run inside the call.
            if (captured is { } context)
            {
                context.Post(static call => Call(((Action<object?>, object?, ExecutionContext?))call!), (next, argument, flow));
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(static call => Call(call), (next, argument, flow), preferLocal: false);
            }
        }
        else if (seen is not null)
        {
            throw new InvalidOperationException("This operation is awaited already; a ValueTask is awaited once.");
        }
    }

    public T GetResult(short token)
    {
        Verify(token);
        if (continuation is null)
        {
            Throw.NotCompleted("operation");
        }

        var thrown = failure;
        var value = result;
        Recycle();
        thrown?.Throw();
        return value!;
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    private void Verify(short token)
    {
        if (token != version)
        {
            throw new InvalidOperationException("This operation is over: a ValueTask is awaited once.");
        }
    }

    private void Recycle()
    {
        version++;
        source = null;
        make = null;
        begun = false;
        result = default;
        failure = null;
        cancellation = default;
        registration = default;
        continuation = null;
        state = null;
        captured = null;
        flow = null;
        var loop = core;
        if (pooled && ReferenceEquals(LoopCore.Running, loop))
        {
            Context = null;
            loop!.Pools.Return(this, Slot);
        }
    }
}

/// <summary>A continuation and its argument, packed for ExecutionContext.Run.</summary>
internal static class ContinuationCall
{
    internal static readonly ContextCallback Run = static packed =>
    {
        var (run, state) = ((Action<object?>, object?))packed!;
        run(state);
    };
}
