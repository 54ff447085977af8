using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>
/// A coroutine operation as a ValueTask, for .NET's abstractions. There are two kinds. A user's completes in a step of the user's task, and is interrupted
/// with it. A raw one completes in a step without any context: .NET then runs the continuations of library code (SslStream, SocketsHttpHandler) right there,
/// instead of pushing each to the thread pool. Pooled when begun on the loop, by the rule of <see cref="PooledUse"/>.
/// </summary>
/// <remarks>Loop thread, except the three methods of the value task source, which the awaiter calls.</remarks>
[StackTraceHidden]
internal sealed partial class ValueTaskBridge<T> : WaitNode, IValueTaskSource<T>, IValueTaskSource
{
    private static readonly int Slot = ItemPools.NewSlot();
    private static readonly Action<object?> Done = static _ => throw new InvalidOperationException("The mark of completion is not a continuation.");
    private static readonly Action<object?> Coming = static _ =>
        throw new InvalidOperationException("The mark of a continuation that is being left is not one.");

    private LoopCore? core;
    private ICoroutineSource<T>? source;
    private Func<(ICoroutineSource<T> Source, long Token)>? make;              // begun on another thread: made when it arrives on the loop
    private long token;
    // any thread, interlocked: twice the number of the use, which is the ValueTask's token; odd once it has its outcome
    private int use;
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
    private bool isCallerInFlight;                        // its flight is interrupted while it waits here

    private short Number => (short)(Volatile.Read(ref use) >> 1);

    /// <summary>Begins an operation on the loop's thread.</summary>
    internal static ValueTask<T> Begin(LoopCore core, ICoroutineSource<T> source, long token, bool raw, CancellationToken cancellation) =>
        TryBegin(core, source, token, raw, cancellation, out var ended) is { } bridge ? new ValueTask<T>(bridge, bridge.Number) : ended;

    /// <summary>Begins an operation on the loop's thread whose result nobody needs.</summary>
    internal static ValueTask BeginWithoutResult(LoopCore core, ICoroutineSource<T> source, long token, bool raw, CancellationToken cancellation) =>
        TryBegin(core, source, token, raw, cancellation, out var ended) is { } bridge ? new ValueTask(bridge, bridge.Number) : WithoutResult(ended);

    // Null: it has completed at once; the outcome says how.
    private static ValueTaskBridge<T>? TryBegin(LoopCore core, ICoroutineSource<T> source, long token, bool raw, CancellationToken cancellation,
        out ValueTask<T> ended)
    {
        ended = default;
        if (cancellation.IsCancellationRequested)
        {
            ended = ValueTask.FromCanceled<T>(cancellation);
            return null;
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
                ended = new ValueTask<T>(source.EndWithResult(token));
                return null;
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
            return bridge;
        }
        catch (Exception exception)
        {
            ended = ValueTask.FromException<T>(exception);
            return null;
        }
        finally
        {
            core.Current = context;
        }
    }

    /// <summary>Begins an operation from another thread.</summary>
    /// <param name="core">The loop.</param>
    /// <param name="make">Makes the operation, on the loop.</param>
    /// <param name="raw">Whether it completes in a step without any context.</param>
    /// <param name="isCallerInFlight">Whether the caller is in flight for that loop (<see cref="LoopCore.InFlight"/>). While it waits it is not.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal static ValueTask<T> BeginElsewhere(LoopCore core, Func<(ICoroutineSource<T> Source, long Token)> make, bool raw, bool isCallerInFlight,
        CancellationToken cancellation) =>
        TryBeginElsewhere(core, make, raw, isCallerInFlight, cancellation, out var ended) is { } bridge ? new ValueTask<T>(bridge, bridge.Number) : ended;

    /// <summary>Begins an operation from another thread whose result nobody needs.</summary>
    /// <inheritdoc cref="BeginElsewhere" path="/param"/>
    internal static ValueTask BeginElsewhereWithoutResult(LoopCore core, Func<(ICoroutineSource<T> Source, long Token)> make, bool raw, bool isCallerInFlight,
        CancellationToken cancellation) =>
        TryBeginElsewhere(core, make, raw, isCallerInFlight, cancellation, out var ended) is { } bridge ? new ValueTask(bridge, bridge.Number)
            : WithoutResult(ended);

    private static ValueTaskBridge<T>? TryBeginElsewhere(LoopCore core, Func<(ICoroutineSource<T> Source, long Token)> make, bool raw, bool isCallerInFlight,
        CancellationToken cancellation, out ValueTask<T> ended)
    {
        ended = default;
        if (cancellation.IsCancellationRequested)
        {
            ended = ValueTask.FromCanceled<T>(cancellation);
            return null;
        }

        var bridge = new ValueTaskBridge<T>
        {
            core = core,
            make = make,
            resumeOnPool = !raw,
            isCallerInFlight = isCallerInFlight,
            cancellation = cancellation,
        };
        bridge.Observe(cancellation);      // before the loop can complete it, which ends the registration
        if (!core.TryPost(bridge))
        {
            bridge.registration.Dispose();
            ended = ValueTask.FromException<T>(new ObjectDisposedException(core.Loop.Name,
                $"The event loop '{core.Loop.Name}' is closed, and with it its connections."));
            return null;
        }

        if (isCallerInFlight)
        {
            core.EndFlight();      // it is in the inbox
        }

        return bridge;
    }

    // It has ended: if it failed, a .NET task holds the failure.
    private static ValueTask WithoutResult(ValueTask<T> ended) => ended.IsCompletedSuccessfully ? default : new ValueTask(ended.AsTask());

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
            cancellation.ThrowIfCancellationRequested();

            (source, token) = make!();
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
        // Waits for a callback that is running on another thread, which only posts: afterwards none can be mistaken for the next use's.
        registration.Dispose();
        if (isCallerInFlight)
        {
            loop.BeginFlight();
        }

        Volatile.Write(ref use, use | 1);
        var next = Interlocked.Exchange(ref continuation, Done);
        if (next is not null && !ReferenceEquals(next, Coming))
        {
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

            loop.ThreadContexts.RestoreFlow(null);
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

    // ---- For the awaiter

    public ValueTaskSourceStatus GetStatus(short token)
    {
        int now = Volatile.Read(ref use);
        if (now >> 1 != token)
        {
            Throw.ValueTaskAwaitedTwice();
        }

        return (now & 1) == 0 ? ValueTaskSourceStatus.Pending
            : failure is null ? ValueTaskSourceStatus.Succeeded
            : failure.SourceException is OperationCanceledException ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    public void OnCompleted(Action<object?> next, object? argument, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (Number != token)
        {
            Throw.ValueTaskAwaitedTwice();
        }

        ForeignWait.Vouch(argument);
        var flowing = (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0 ? ExecutionContext.Capture() : null;
        var context = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 ? SynchronizationContext.Current : null;

        // First claim the place, then set what belongs to it, then the continuation: a second caller finds the place claimed and changes nothing.
        var seen = Interlocked.CompareExchange(ref continuation, Coming, null);
        if (seen is null)
        {
            state = argument;
            flow = flowing;
            captured = context;
            seen = Interlocked.CompareExchange(ref continuation, next, Coming);
            if (ReferenceEquals(seen, Coming))
            {
                return;
            }
        }

        if (!ReferenceEquals(seen, Done))
        {
            Throw.ValueTaskAwaitedTwice();
        }

        // It was complete before anybody asked: never run inside the call.
        if (context is not null)
        {
            context.Post(static call => Call(((Action<object?>, object?, ExecutionContext?))call!), (next, argument, flowing));
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(static call => Call(call), (next, argument, flowing), preferLocal: false);
        }
    }

    public T GetResult(short token)
    {
        // One exchange says that it has ended, and takes the outcome: whoever comes second, on whichever thread, has another number.
        int ended = (token << 1) | 1;
        int seen = Interlocked.CompareExchange(ref use, ended + 1, ended);
        if (seen != ended)
        {
            Refuse(seen, token);
        }

        var thrown = failure;
        var value = result;
        Recycle();
        thrown?.Throw();
        return value!;
    }

    private void Refuse(int seen, short token)
    {
        if (seen >> 1 == token && Volatile.Read(ref continuation) is null)
        {
            Throw.NotCompleted("operation");
        }

        Throw.ValueTaskAwaitedTwice();
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    // After its last number it is left to the collector; likewise on threads other than its loop's, where the loop may not have finished with it.
    private void Recycle()
    {
        var loop = core;
        if (!pooled || Number == short.MaxValue || !ReferenceEquals(LoopCore.Running, loop))
        {
            return;
        }

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
        Context = null;
        loop!.Pools.Return(this, Slot);
    }
}
