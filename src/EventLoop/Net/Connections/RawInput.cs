using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>
/// The receiving half of a <see cref="RawConnection"/>. A read may begin on any thread. On the loop it completes at once if something has arrived; elsewhere
/// it never does, so that whoever began it there resumes on the loop, raw, and stays.
/// </summary>
/// <remarks>One read at a time. Loop thread, except for what says otherwise.</remarks>
internal sealed partial class RawInput : PipeReader, IValueTaskSource<ReadResult>
{
    // A peer that never stops sending must not monopolize the loop: after this many reads in one turn that did not have to wait, the next one yields.
    private const int MostAtOnce = 32;

    private static readonly Action<object?> Done = static _ => throw new InvalidOperationException("The mark of completion is not a continuation.");

    private readonly RawConnection owner;
    private readonly InputPipe pipe;
    private readonly LoopCore core;
    private readonly Waiter waiter;
    private readonly StartStep start;
    private bool isWaiting;
    private bool isEnding;                // its step is in the ready queue
    private bool cancelRequested;
    private bool completed;
    private long lastTurn;
    private int atOnce;

    // Of the pending read; any thread, one after another.
    private CancellationToken cancellation;
    private CancellationTokenRegistration registration;
    private ReadResult result;
    private Exception? failure;
    private short version;
    private Action<object?>? continuation;      // interlocked
    private object? state;
    private SynchronizationContext? captured;
    private ExecutionContext? flow;

    internal RawInput(RawConnection owner)
    {
        this.owner = owner;
        pipe = owner.Connection.In;
        core = owner.Core;
        waiter = new Waiter(this);
        start = new StartStep(this);
    }

    /// <summary>Any thread.</summary>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!ReferenceEquals(LoopCore.Running, core))
        {
            Prepare(cancellationToken);
            core.Arrive(start);
            return new ValueTask<ReadResult>(this, version);
        }

        VerifyFree();
        owner.Pause();
        if (TryRead() && !GivesWay())
        {
            var (read, thrown) = Take();
            return thrown is null ? new ValueTask<ReadResult>(read) : ValueTask.FromException<ReadResult>(thrown);
        }

        Prepare(cancellationToken);
        WaitOrEnd();
        return new ValueTask<ReadResult>(this, version);
    }

    /// <summary>Any thread; on a thread other than the loop's nothing is available at once.</summary>
    public override bool TryRead(out ReadResult result)
    {
        result = default;
        if (!ReferenceEquals(LoopCore.Running, core))
        {
            return false;
        }

        VerifyFree();
        owner.Pause();
        if (!TryRead())
        {
            owner.Resume();
            return false;
        }

        (result, var thrown) = Take();
        return thrown is null ? true : throw thrown;
    }

    /// <summary>Any thread.</summary>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <summary>Any thread.</summary>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (ReferenceEquals(LoopCore.Running, core))
        {
            Advance(consumed, examined);
        }
        else
        {
            AdvanceFromElsewhere(consumed, examined);
        }
    }

    // Separate, like others here, because a method's closure is allocated at its beginning.
    private void AdvanceFromElsewhere(SequencePosition consumed, SequencePosition examined) => core.Arrive(new RawStep(() => Advance(consumed, examined)));

    /// <summary>Any thread.</summary>
    public override void CancelPendingRead() => RawStep.OnLoop(core, CancelRead);

    /// <summary>Any thread.</summary>
    public override void Complete(Exception? exception = null) => RawStep.OnLoop(core, End);

    /// <summary>Nothing comes any more: a waiting read fails.</summary>
    internal void Stop(Exception reason)
    {
        if (isWaiting)
        {
            owner.Connection.Transport.Leave(waiter, reads: true);
            waiter.OnClosed(reason);
        }
    }

    private void Advance(SequencePosition consumed, SequencePosition examined)
    {
        pipe.AdvanceTo(consumed, examined);
        owner.Resume();
    }

    private void CancelRead()
    {
        if (isWaiting)
        {
            // A server that stops cancels the reads of its idle connections. What has arrived meanwhile goes with the cancellation, so that it is answered.
            owner.Connection.Transport.Leave(waiter, reads: true);
            owner.Connection.Transport.LookAgain();
            TryRead();
            if (failure is null)
            {
                result = pipe.Result(cancelled: true);
            }

            waiter.End();
        }
        else if (isEnding && failure is null)
        {
            result = new ReadResult(result.Buffer, isCanceled: true, result.IsCompleted);      // as with a Pipe: nobody has it yet
        }
        else
        {
            cancelRequested = true;
        }
    }

    private void End()
    {
        if (!completed)
        {
            completed = true;
            Stop(owner.Connection.ClosedException());
            pipe.Complete();
        }
    }

    private void VerifyFree()
    {
        if (isWaiting || isEnding)
        {
            throw new InvalidOperationException("Another read of this connection is under way. Await it first: a connection has one reader at a time.");
        }
    }

    // True: there is an outcome, in the fields.
    private bool TryRead()
    {
        if (cancelRequested)
        {
            cancelRequested = false;
            result = pipe.Result(cancelled: true);
            return true;
        }

        try
        {
            if (!pipe.Try(InputKind.Read, default, out _))
            {
                return false;
            }

            result = pipe.Result(cancelled: false);
        }
        catch (Exception broken)
        {
            failure = broken;
        }

        return true;
    }

    private bool GivesWay()
    {
        if (core.Turns != lastTurn)
        {
            lastTurn = core.Turns;
            atOnce = 0;
        }

        return ++atOnce > MostAtOnce;
    }

    // Takes the outcome out of the fields.
    private (ReadResult Result, Exception? Failure) Take()
    {
        var (read, thrown) = (result, failure);
        result = default;
        failure = null;
        if (read.IsCompleted || thrown is not (null or OperationCanceledException))
        {
            owner.GoneAfterStep();
        }

        return thrown is null ? (read, null) : (default, thrown is OperationCanceledException ? thrown : owner.Translate(thrown));
    }

    private void Prepare(CancellationToken token)
    {
        Volatile.Write(ref continuation, null);
        cancellation = token;
        if (token.CanBeCanceled)
        {
            registration = token.UnsafeRegister(static input => ((RawInput)input!).CancelByToken(), this);
        }
    }

    private void CancelByToken()
    {
        short asked = version;
        core.Arrive(new RawStep(() =>
        {
            if (version == asked && isWaiting)
            {
                Stop(new OperationCanceledException(cancellation));
            }
        }));
    }

    private void WaitOrEnd()
    {
        if (failure is not null || result.IsCanceled || result.IsCompleted || !result.Buffer.IsEmpty)
        {
            waiter.End();      // it only yields
        }
        else if (cancellation.IsCancellationRequested)
        {
            failure = new OperationCanceledException(cancellation);
            waiter.End();
        }
        else if (owner.Connection.Transport.Wait(waiter, reads: true) is { } refused)
        {
            failure = refused;
            waiter.End();
        }
        else
        {
            isWaiting = true;
        }
    }

    // For a read that was begun on another thread.
    private void StartHere()
    {
        if (isWaiting || isEnding)
        {
            return;      // two at once: the first one has the pipe
        }

        owner.Pause();
        if (TryRead())
        {
            waiter.End();
        }
        else
        {
            WaitOrEnd();
        }
    }

    private void Finish(bool onPool)
    {
        isEnding = false;
        registration.Dispose();
        (result, failure) = Take();
        if (failure is OperationCanceledException && !onPool)
        {
            owner.Resume();      // nothing is given back by AdvanceTo after such a read
        }

        var next = Interlocked.Exchange(ref continuation, Done);
        if (next is not null)
        {
            Call(next, state, flow, captured, onPool || owner.ResumesElsewhere);
        }
    }

    private void Call(Action<object?> next, object? argument, ExecutionContext? flowing, SynchronizationContext? context, bool onPool)
    {
        if (context is not null)
        {
            context.Post(static call => Run(((Action<object?>, object?, ExecutionContext?))call!), (next, argument, flowing));
        }
        else if (onPool)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static call => Run(call), (next, argument, flowing), preferLocal: false);
        }
        else
        {
            core.ThreadContexts.RestoreFlow(null);
            owner.NoteReadEnded();
            Run((next, argument, flowing));
        }
    }

    private static void Run((Action<object?> Next, object? Argument, ExecutionContext? Flow) call)
    {
        if (call.Flow is null)
        {
            call.Next(call.Argument);
        }
        else
        {
            ExecutionContext.Run(call.Flow, ContinuationCall.Run, (call.Next, call.Argument));
        }
    }

    /// <summary>Waits for the socket; also the step in which a read ends.</summary>
    private sealed class Waiter(RawInput input) : SocketWaiter
    {
        internal override bool TryAgain()
        {
            if (!input.TryRead())
            {
                return false;
            }

            End();
            return true;
        }

        internal override void OnClosed(Exception reason)
        {
            input.failure = reason;
            End();
        }

        internal void End()
        {
            input.isWaiting = false;
            input.isEnding = true;
            input.core.Ready.Enqueue(this);
        }

        internal override void Execute() => input.Finish(onPool: false);

        internal override void OnRejected(LoopCore core) => input.Finish(onPool: true);
    }

    /// <summary>Brings a read that was begun on another thread to the loop.</summary>
    private sealed class StartStep(RawInput input) : LoopItem
    {
        internal override void Execute() => input.StartHere();

        internal override void OnRejected(LoopCore core)
        {
            input.failure = input.owner.Connection.ClosedException();
            input.Finish(onPool: true);
        }
    }
}
