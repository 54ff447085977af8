using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans.Workers;

/// <summary>One piece of work on a silo, from its arrival to its end. Any thread.</summary>
internal sealed class SiloJob
{
    private const byte Succeeded = 1, Failed = 0;
    private const int ReportsAhead = 16;
    private const long Withdrawn = -1;

    private readonly SiloWorkers silo;
    private readonly WorkFunction function;
    private readonly WorkRequest request;
    private readonly SiloBatch? batch;
    private readonly CancellationTokenSource cancellation = new();
    private readonly TaskCompletionSource<WorkReply> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long arrived = Stopwatch.GetTimestamp();
    private long begun;                        // interlocked; zero: it waits; Withdrawn: it never begins
    private long stopAsked;                    // any thread; zero: it may continue
    private volatile WorkerThreads.Worker? worker;
    private volatile SiloLoop? runsOn;
    private SiloLoop? begunOn;                 // interlocked
    private int givenUp;                       // interlocked
    private Queue<Task>? reports;              // on the thread of the work

    internal SiloJob(SiloWorkers silo, WorkFunction function, WorkRequest request, SiloBatch? batch)
    {
        this.batch = batch;
        this.silo = silo;
        this.function = function;
        this.request = request;
        Flow = NeedsLoop ? ExecutionContext.Capture() : null;
    }

    /// <summary>The ExecutionContext of the call that has brought it; null: work for threads, or nothing flows.</summary>
    internal ExecutionContext? Flow { get; }

    internal Task<WorkReply> Ended => ended.Task;

    internal bool NeedsLoop => function.NeedsLoop && !request.IsChunk;

    /// <summary>The loop on which it has begun; null: none.</summary>
    internal SiloLoop? BegunOn => Volatile.Read(ref begunOn);

    /// <summary>The loop that has it; null: none.</summary>
    internal SiloLoop? RunsOn
    {
        get => runsOn;
        set => runsOn = value;
    }

    /// <summary>Whether it has not begun, and may.</summary>
    internal bool Waits => Volatile.Read(ref begun) == 0;

    internal TimeSpan Age => Stopwatch.GetElapsedTime(arrived);

    /// <summary>When somebody last asked for it, in ticks of the system; the sweep cancels what nobody asks for.</summary>
    internal long AskedAt { get; set; } = Environment.TickCount64;

    /// <summary>How many are asking at this moment. Interlocked.</summary>
    internal int Askers;

    /// <summary>Set if it takes long.</summary>
    internal Guid Ticket { get; set; }

    internal void Cancel()
    {
        if (Interlocked.CompareExchange(ref stopAsked, Stopwatch.GetTimestamp(), 0) == 0)
        {
            if (Interlocked.CompareExchange(ref begun, Withdrawn, 0) == 0)
            {
                Interlocked.Exchange(ref givenUp, 1);
                End(new WorkReply { Kind = WorkReplyKind.Canceled, Silo = silo.Name });
            }

            cancellation.CancelAsync();
        }
    }

    /// <summary>Called from time to time: its time limit may have passed, or its grace.</summary>
    internal void Look()
    {
        long start = Volatile.Read(ref begun);
        if (start > 0 && request.TimeLimit is { } limit && Stopwatch.GetElapsedTime(start) > limit)
        {
            Answer(new WorkReply { Kind = WorkReplyKind.TimedOut, Silo = silo.Name });      // it is watched on: it may not heed the cancellation
            Cancel();
        }

        long asked = Volatile.Read(ref stopAsked);
        if (asked != 0 && Stopwatch.GetElapsedTime(asked) > request.CancelGrace && Interlocked.Exchange(ref givenUp, 1) == 0)
        {
            End(new WorkReply { Kind = WorkReplyKind.Canceled, Silo = silo.Name });
            if (worker is { } kept)
            {
                silo.GiveUp(kept);
            }

            if (BegunOn is { } loop)
            {
                loop.NoteStubborn(1);
                loop.Ask();      // it may only wait there for something, without keeping others
            }
        }
    }

    /// <summary>Runs it in its turn on a thread.</summary>
    internal void Run(WorkerThreads.Worker on)
    {
        if (!TryBegin())
        {
            return;
        }

        worker = on;
        Conclude(() =>
        {
            var result = new ArrayBufferWriter<byte>();
            if (request.IsChunk)
            {
                RunChunk(result, on.Id);
            }
            else
            {
                RunReporting(result, on.Id);
            }

            return result.WrittenMemory;
        });
    }

    /// <summary>The same on a loop.</summary>
    internal async Coroutine RunAsync()
    {
        // A loop that was given up may come free again, and then begins nothing that another has.
        var here = SiloLoop.Here;
        if (RunsOn != here || Interlocked.CompareExchange(ref begunOn, here, null) is not null || !TryBegin())
        {
            return;
        }

        var result = new ArrayBufferWriter<byte>();
        try
        {
            await function.RunAsync(request.Argument, CallOf(0), result);
            Conclude(() => result.WrittenMemory);
        }
        catch (Exception failure)      // also one that would end a program: this one belongs to others, too
        {
            Fail(failure);
        }
    }

    internal CancellationToken Token => cancellation.Token;

    internal void Fail(Exception failure) => Conclude(() =>
    {
        ExceptionDispatchInfo.Throw(failure);
        return default;
    });

    private bool TryBegin()
    {
        if (Interlocked.CompareExchange(ref begun, Stopwatch.GetTimestamp(), 0) != 0)
        {
            return false;
        }

        Enter(0);
        return true;
    }

    private void Enter(int index) => ClusterWork.Enter(new ClusterWork.Place(request.KeyOf(index), request.Attempt, silo.Name));

    private void Conclude(Func<ReadOnlyMemory<byte>> work)
    {
        WorkReply reply;
        try
        {
            var bytes = work();
            VerifyFits(request.IsChunk ? "The results of a chunk cannot be sent" : "The result cannot be sent", bytes.Length);
            reply = new WorkReply
            {
                Bytes = bytes,
                QueueTicks = Stopwatch.GetElapsedTime(arrived, begun).Ticks,
                WorkTicks = Stopwatch.GetElapsedTime(begun).Ticks,
                Silo = silo.Name,
            };
        }
        catch (Exception failure)
        {
            bool isCanceled = failure is OperationCanceledException && cancellation.IsCancellationRequested;
            reply = WorkReply.Of(WorkFailure.Of(failure), isCanceled ? WorkReplyKind.Canceled : WorkReplyKind.Failure, silo.Name);
        }

        if (Interlocked.Exchange(ref givenUp, 1) != 0)
        {
            BegunOn?.NoteStubborn(-1);
        }

        worker = null;
        End(reply);
    }

    private void End(WorkReply reply)
    {
        silo.Remove(this);
        Answer(reply);
    }

    private void Answer(WorkReply reply)
    {
        if (ended.TrySetResult(reply))
        {
            batch?.OneEnded();
        }
    }

    private void RunChunk(ArrayBufferWriter<byte> results, int workerId)
    {
        var rest = request.Argument.Span;
        var one = new ArrayBufferWriter<byte>();
        var clean = CleanContext.Capture();
        for (int index = 0; !rest.IsEmpty; index++)
        {
            if (index > 0)
            {
                clean.Restore();      // what one set is nothing of the next one's
            }

            if (index > 0 && request.KeyFrom is not null)
            {
                Enter(index);
            }

            int length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            byte mark = Succeeded;
            one.ResetWrittenCount();
            try
            {
                cancellation.Token.ThrowIfCancellationRequested();
                function.Run(rest.Slice(sizeof(int), length), CallOf(workerId), one);
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                mark = Failed;
                one.ResetWrittenCount();
                WorkChunk.WriteFailure(WorkFailure.Of(failure), one);
            }

            WorkChunk.Write(mark == Succeeded, one.WrittenSpan, results);
            rest = rest[(sizeof(int) + length)..];
        }
    }

    private WorkCall CallOf(int workerId) => new(workerId, cancellation.Token, silo.SerializerOf(request.Serializer), request.Progress is null ? null : Report);

    private long reported;

    // At most this far ahead of the listener.
    private void Report(ReadOnlyMemory<byte> progress)
    {
        VerifyFits("A progress report cannot be sent", progress.Length);
        reports ??= new Queue<Task>();
        if (reports.Count >= ReportsAhead)
        {
            Await(reports.Dequeue());
        }

        reports.Enqueue(request.Progress!.Report(reported++, progress));
    }

    private void VerifyFits(string what, int length)
    {
        if (silo.Messages.Refusal(what, length) is { } refusal)
        {
            throw new InvalidOperationException(refusal);
        }
    }

    private void RunReporting(ArrayBufferWriter<byte> result, int workerId)
    {
        try
        {
            function.Run(request.Argument.Span, CallOf(workerId), result);
        }
        catch
        {
            try
            {
                FlushReports();      // they come before the failure, as they would before a result
            }
            catch (OperationCanceledException)
            {
                // Nobody wants them any more; the failure is what counts.
            }

            throw;
        }

        FlushReports();
    }

    private void FlushReports()
    {
        while (reports is { Count: > 0 })
        {
            Await(reports.Dequeue());
        }
    }

    private void Await(Task report)
    {
        try
        {
            report.Wait(cancellation.Token);
        }
        catch (AggregateException)
        {
            cancellation.Token.ThrowIfCancellationRequested();      // the listener has failed and cancels, or is gone, and then nobody wants to know
        }
    }
}
