using System.Buffers;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using EventLoop.Coroutines;
using EventLoop.Executors.Work;
using EventLoop.Executors.Workers;
using EventLoop.Scheduling;

namespace EventLoop.Executors;

/// <summary>One piece of work, from the call to its outcome. On the loop of its pool only, except the task of a waiter elsewhere.</summary>
internal abstract class WorkItem
{
    internal required WorkName Name { get; init; }

    internal int Id { get; set; }

    internal long QueuedAt { get; } = Stopwatch.GetTimestamp();

    internal long BegunAt { get; set; }

    /// <summary>Whether it has its outcome, or nobody wants one any more.</summary>
    internal bool IsDone { get; set; }

    /// <summary>The worker that runs it, or has it ahead.</summary>
    internal WorkerHandle? Worker { get; set; }

    /// <summary>Whether that worker's socket has all of it; what was not sent has not begun.</summary>
    internal bool IsSent { get; set; }

    /// <summary>How many workers it was given to that ended before they began it.</summary>
    internal int Losses { get; set; }

    /// <summary>Its place in the queue.</summary>
    internal LinkedListNode<WorkItem>? Place { get; set; }

    internal virtual FrameKind Kind => FrameKind.Work;

    /// <summary>The serialized argument: made when the work enters the queue, so that later changes by the caller are not seen.</summary>
    internal FrameWriter? Frame { get; private set; }

    internal void Prepare(IWorkSerializer serializer)
    {
        if (Frame is null)
        {
            var frame = new FrameWriter();
            try
            {
                frame.WriteInt32(0);      // the function's number, which is known when it is sent
                WriteArgument(serializer, frame);
            }
            catch
            {
                frame.Dispose();
                throw;
            }

            Frame = frame;
        }
    }

    internal void DropFrame()
    {
        Frame?.Dispose();
        Frame = null;
    }

    private protected abstract void WriteArgument(IWorkSerializer serializer, FrameWriter to);

    internal abstract void Succeed(IWorkSerializer serializer, ReadOnlySpan<byte> result);

    internal abstract void Fail(Exception failure);

    internal virtual void OnProgress(IWorkSerializer serializer, ReadOnlySpan<byte> progress)
    {
    }
}

/// <inheritdoc/>
internal class WorkItem<TArgument, TResult> : WorkItem
{
    private readonly TArgument argument;
    private readonly AsyncEvent? here;                                  // for a waiter on the pool's loop
    private readonly TaskCompletionSource<TResult>? elsewhere;          // for a waiter elsewhere
    private TResult? result;
    private Exception? failure;

    internal WorkItem(TArgument argument, bool isHere)
    {
        this.argument = argument;
        if (isHere)
        {
            here = new AsyncEvent();
        }
        else
        {
            elsewhere = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    internal TArgument Argument => argument;

    private protected bool IsHere => here is not null;

    /// <summary>The outcome for a waiter elsewhere.</summary>
    internal Task<TResult> Completion => elsewhere!.Task;

    internal bool HasOutcome { get; private set; }

    internal Action? OnOutcome { get; set; }

    internal Outcome<TResult> Outcome => new(result, failure);

    /// <summary>Waits for its outcome.</summary>
    internal virtual async Coroutine<TResult> Wait()
    {
        if (elsewhere is not null)
        {
            return await elsewhere.Task;
        }

        await here!.WaitAsync();
        return Outcome.Value;
    }

    private protected override void WriteArgument(IWorkSerializer serializer, FrameWriter to)
    {
        if (typeof(TArgument) != typeof(NoResult))
        {
            WorkValues.Write(argument, to, serializer);
        }
    }

    internal override void Succeed(IWorkSerializer serializer, ReadOnlySpan<byte> bytes) =>
        SetResult(typeof(TResult) == typeof(NoResult) ? default! : WorkValues.Read<TResult>(bytes, serializer));

    internal override void Fail(Exception why)
    {
        failure = why;
        Conclude();
    }

    private protected void SetResult(TResult value)
    {
        result = value;
        Conclude();
    }

    /// <summary>Gives the outcome to a waiter elsewhere.</summary>
    private protected virtual void TellElsewhere()
    {
        if (failure is null)
        {
            elsewhere!.TrySetResult(result!);
        }
        else if (failure is OperationCanceledException)
        {
            elsewhere!.TrySetCanceled(CancellationToken.None);
        }
        else
        {
            elsewhere!.TrySetException(failure);
        }
    }

    private void Conclude()
    {
        if (elsewhere is not null)
        {
            TellElsewhere();
        }

        HasOutcome = true;
        here?.Set();
        OnOutcome?.Invoke();
    }
}

/// <summary>A work item whose work reports progress.</summary>
internal sealed class WorkItem<TArgument, TProgress,
    TResult>(TArgument argument, LoopCore caller, bool isHere, Action<TProgress> onProgress, Action<WorkItem, Exception> onFailed)
    : WorkItem<TArgument, TResult>(argument, isHere)
{
    private readonly ExecutionContext? flow = ExecutionContext.Capture();
    private Exception? thrown;      // by the callback; used on the caller's loop
    private bool isOver;            // no more calls; used on the caller's loop

    internal override async Coroutine<TResult> Wait()
    {
        try
        {
            var result = await base.Wait();
            ThrowThrown();
            return result;
        }
        catch (Exception failure) when (failure is not LoopCanceledException && thrown is not null)
        {
            ThrowThrown();
            throw;
        }
        finally
        {
            isOver = true;
        }
    }

    // The pool, on its own loop, may have read the outcome before it heard of this.
    private void ThrowThrown()
    {
        if (thrown is not null)
        {
            ExceptionDispatchInfo.Throw(thrown);
        }
    }

    // Posted as the reports are, and so behind them.
    private protected override void TellElsewhere()
    {
        if (!caller.TryPost(CallbackItem<WorkItem<TArgument, TProgress, TResult>>.Create(static item => item.TellNow(), this, caller.BaseContext)))
        {
            TellNow();
        }
    }

    private void TellNow() => base.TellElsewhere();

    internal override void OnProgress(IWorkSerializer serializer, ReadOnlySpan<byte> bytes)
    {
        var progress = WorkValues.Read<TProgress>(bytes, serializer);
        if (IsHere)
        {
            Call(progress);
        }
        else
        {
            caller.TryPost(CallbackItem<(WorkItem<TArgument, TProgress, TResult> Item, TProgress Progress)>.Create(static call =>
                call.Item.Call(call.Progress), (this, progress), caller.BaseContext));
        }
    }

    private void Call(TProgress progress)
    {
        // Another loop comes to the reports when the pool may have read the outcome behind them, and IsDone is set.
        if (isOver)
        {
            return;
        }

        try
        {
            if (flow is null)
            {
                onProgress(progress);
            }
            else
            {
                ExecutionContext.Run(flow, static call => ((Action)call!)(), (Action)(() => onProgress(progress)));
            }
        }
        catch (Exception failure)
        {
            (thrown, isOver) = (failure, true);
            onFailed(this, failure);
        }
    }
}

/// <summary>Several arguments that are sent together; each has an outcome of its own.</summary>
internal sealed class WorkChunk<TArgument, TResult>(TArgument[] arguments, bool isHere) : WorkItem<TArgument[], Outcome<TResult>[]>(arguments, isHere)
{
    internal override FrameKind Kind => FrameKind.WorkChunk;

    private protected override void WriteArgument(IWorkSerializer serializer, FrameWriter to)
    {
        to.WriteInt32(Argument.Length);
        foreach (var argument in Argument)
        {
            int at = to.Length;
            to.WriteInt32(0);
            WorkValues.Write(argument, to, serializer);
            to.PatchInt32(at, to.Length - at - 4);
        }
    }

    internal override void Succeed(IWorkSerializer serializer, ReadOnlySpan<byte> bytes)
    {
        var reader = new FrameReader(bytes);
        var outcomes = new Outcome<TResult>[Argument.Length];
        for (int i = 0; i < outcomes.Length; i++)
        {
            bool failed = reader.ReadInt32() != 0;
            var part = reader.ReadBytes(reader.ReadInt32());
            outcomes[i] = failed ? new Outcome<TResult>(default, WorkFrames.ReadFailure(part))
                : new Outcome<TResult>(WorkValues.Read<TResult>(part, serializer), null);
        }

        SetResult(outcomes);
    }
}
