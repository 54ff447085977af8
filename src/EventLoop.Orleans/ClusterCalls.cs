using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using EventLoop.Scheduling;
using Orleans;
using Orleans.Runtime;

namespace EventLoop.Orleans;

/// <summary>The calls of an executor: room for them, attempts, tickets, numbers. Any thread.</summary>
internal sealed class ClusterCalls
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly ConditionalWeakTable<WorkName, KnownFunction> known = new();      // each delegate has a name of its own
    private readonly ConcurrentDictionary<Guid, KnownFunction> functions = new();      // by their numbers: as many as the program has
    private readonly ConditionalWeakTable<Loop, QuickCalls> ofLoops = new();
    private readonly QuickCalls ofThreads;
    private readonly ConcurrentDictionary<Call, byte> open = new();
    private readonly IGrainFactory grains;
    private readonly ClusterExecutorOptions options;
    private readonly SiloDealer dealer;
    private readonly SemaphoreSlim room;
    private readonly string? serializer;
    private readonly MessageRoom messages;
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool stopping;
    private int accepted, waiting, inFlight;      // accepted: those that wait for room, and those in flight
    private long looked;
    private long completed, failed, canceled, timedOut, lost, retried, refused, queueTicks, workTicks;

    internal ClusterCalls(IGrainFactory grains, ClusterExecutorOptions options)
    {
        this.grains = grains;
        this.options = options;
        dealer = new SiloDealer(
            () => grains.GetGrain<IWorkerGrain>(Guid.NewGuid()),
            () => grains.GetGrain<ISiloGrain>(Interlocked.Increment(ref looked)).Describe(),
            static () => Stopwatch.GetElapsedTime(0).Ticks);
        messages = grains is IClusterClient client ? MessageRoom.Of(client.ServiceProvider) : new MessageRoom(int.MaxValue);
        ofThreads = new QuickCalls(null, dealer, messages);
        room = new SemaphoreSlim(options.MaxInFlight);
        Serializer = options.Serializer ?? new JsonWorkSerializer();
        serializer = Serializer.GetType() == typeof(JsonWorkSerializer) ? null : Serializer.GetType().AssemblyQualifiedName;
    }

    internal IWorkSerializer Serializer { get; }

    internal IGrainFactory Grains => grains;

    internal int MaxInFlight => options.MaxInFlight;

    internal ClusterExecutorStatistics Statistics => new(
        Volatile.Read(ref inFlight),
        Volatile.Read(ref waiting),
        Interlocked.Read(ref completed),
        Interlocked.Read(ref failed),
        Interlocked.Read(ref canceled),
        Interlocked.Read(ref timedOut),
        Interlocked.Read(ref lost),
        Interlocked.Read(ref retried),
        Interlocked.Read(ref refused),
        TimeSpan.FromTicks(Interlocked.Read(ref queueTicks)),
        TimeSpan.FromTicks(Interlocked.Read(ref workTicks)));

    /// <summary>Runs one piece of work, or a chunk, to its end and returns the bytes of its result; any other outcome is thrown.</summary>
    internal async Task<ReadOnlyMemory<byte>> RunAsync(
        WorkName name, ReadOnlyMemory<byte> argument, bool isChunk, WorkRetry? retry, IProgressObserver? progress, CancellationToken token)
    {
        VerifyFits(name, argument.Length, isChunk);
        var call = new Call(token);
        bool hasRoom = false;
        Interlocked.Increment(ref accepted);      // before the look whether it stops: a stop waits for all that it does not refuse
        try
        {
            open.TryAdd(call, 0);      // a stop that does not refuse it cancels it
            VerifyOpen();
            if (!room.Wait(0, CancellationToken.None))
            {
                await WaitForRoom(call.Token).ConfigureAwait(false);
            }

            hasRoom = true;
            Interlocked.Increment(ref inFlight);
            return await AttemptAll(name, argument, isChunk, retry, progress, call).ConfigureAwait(false);
        }
        finally
        {
            open.TryRemove(call, out _);
            call.Dispose();
            if (hasRoom)
            {
                Interlocked.Decrement(ref inFlight);
                room.Release();
            }

            if (Interlocked.Decrement(ref accepted) == 0 && stopping)
            {
                stopped.TrySetResult();
            }
        }
    }

    private void VerifyFits(WorkName name, int length, bool isChunk)
    {
        if (!messages.Holds(length))
        {
            throw new ArgumentException(messages.Refusal($"The {(isChunk ? "arguments of a chunk" : "argument")} for {name.Display} cannot be sent", length));
        }
    }

    private async Task WaitForRoom(CancellationToken token)
    {
        Interlocked.Increment(ref waiting);
        try
        {
            await room.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref canceled);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private async Task<ReadOnlyMemory<byte>> AttemptAll(WorkName name, ReadOnlyMemory<byte> argument, bool isChunk, WorkRetry? retry,
        IProgressObserver? progress, Call call)
    {
        var function = known.TryGetValue(name, out var seen) ? seen : known.GetValue(name, Know);
        retry = retry is { Key: null } ? retry with { Key = Guid.NewGuid().ToString("N") } : retry;
        var pause = FirstPause;
        for (int attempt = 1; ; attempt++)
        {
            Exception? cause = null;
            WorkReply? reply = null;
            try
            {
                if (attempt > 1)
                {
                    await Task.Delay(pause, call.Token).ConfigureAwait(false);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    Interlocked.Increment(ref retried);
                }

                reply = await Attempt(function, argument, isChunk, retry, attempt, progress, call.Token).ConfigureAwait(false);
            }
            catch (Exception failure) when (IsLoss(failure))
            {
                cause = failure;
            }
            catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
            {
                Interlocked.Increment(ref canceled);
                throw;
            }

            if (reply is not null && reply.Kind != WorkReplyKind.Lost)
            {
                return Take(reply, name, call.Token);
            }

            if (call.Token.IsCancellationRequested)
            {
                Interlocked.Increment(ref canceled);
                throw new OperationCanceledException($"{name.Display} was cancelled; whether its silo heard of that is not known.", cause, call.Token);
            }

            Interlocked.Increment(ref lost);
            if (retry is null || attempt >= retry.Attempts || cause is ObjectDisposedException)
            {
                throw new SiloLostException(name.Display, attempt, cause);
            }
        }
    }

    private KnownFunction Know(WorkName name)
    {
        var sent = WorkFunctionName.Of(name);
        var id = sent.ToNumber();
        return functions.GetOrAdd(id, new KnownFunction(id, sent, name.IsAsynchronous));
    }

    private async Task<WorkReply> Attempt(KnownFunction function, ReadOnlyMemory<byte> argument, bool isChunk, WorkRetry? retry, int attempt,
        IProgressObserver? progress, CancellationToken token)
    {
        WorkRequest RequestOf(bool isNamed) => new()
        {
            Function = function.Id,
            Name = isNamed ? function.Name : null,
            Argument = argument,
            IsChunk = isChunk,
            TimeLimit = options.TaskTimeout,
            CancelGrace = options.CancelGrace,
            IdempotencyKey = retry?.Key,
            KeyFrom = retry?.From,
            Attempt = attempt,
            Progress = progress,
            Serializer = serializer,
        };
        bool isNamed = function.IsNew();
        var place = function.IsAsynchronous && !isChunk ? WorkPlace.Loop : WorkPlace.Threads;
        var pace = isChunk ? function.Chunks : function.Pieces;
        var quick = default(QuickReply);
        if (pace.IsQuick && !isNamed && !isChunk && progress is null && dealer.KnowsSilos)
        {
            quick = await QuickCallsHere().Run(RequestOf(isNamed: false), place, token).ConfigureAwait(false);
            if (quick.Deal is null)
            {
                ExceptionDispatchInfo.Throw(quick.Failure!);
            }
        }

        var deal = quick.Deal ?? await dealer.Deal(place, 1, pace.Ahead, token).ConfigureAwait(false);
        try
        {
            if (quick.Failure is { } failure)
            {
                ExceptionDispatchInfo.Throw(failure);
            }

            var reply = quick.Reply ?? await deal.Door.Run(RequestOf(isNamed), token).ConfigureAwait(false);
            if (reply.Kind == WorkReplyKind.NeedsName)
            {
                reply = await deal.Door.Run(RequestOf(isNamed: true), token).ConfigureAwait(false);
            }

            if (reply.Kind == WorkReplyKind.Running)
            {
                reply = await WaitForTicket(grains.GetGrain<ITicketGrain>(reply.Ticket), token).ConfigureAwait(false);
            }

            if (reply.Kind == WorkReplyKind.Lost ? !token.IsCancellationRequested : reply.Silo is { } silo && silo != deal.Silo.Name)
            {
                dealer.Suspect(deal);      // unless the silo knows nothing of the work any more because its cancellation has ended it
            }
            else if (reply.Kind == WorkReplyKind.Result)
            {
                dealer.Took(deal, reply.WorkTicks, pace.Took(reply.WorkTicks));
            }

            return reply;
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            dealer.Suspect(deal);
            throw;
        }
        finally
        {
            dealer.GiveBack(deal);
        }
    }

    private static async Task<WorkReply> WaitForTicket(ITicketGrain ticket, CancellationToken token)
    {
        WorkReply reply;
        do
        {
            try
            {
                // A call whose token has fired already is not sent.
                reply = await (token.IsCancellationRequested ? ticket.Stop() : ticket.Wait(token)).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                reply = await ticket.Stop().ConfigureAwait(false);
            }
        }
        while (reply.Kind == WorkReplyKind.Running);
        return reply;
    }

    private QuickCalls QuickCallsHere() => !Loop.TryGetCurrent(out var loop) ? ofThreads
        : ofLoops.TryGetValue(loop, out var calls) ? calls : ofLoops.GetValue(loop, loop => new QuickCalls(loop, dealer, messages));

    private ReadOnlyMemory<byte> Take(WorkReply reply, WorkName name, CancellationToken token)
    {
        Interlocked.Add(ref queueTicks, reply.QueueTicks);
        Interlocked.Add(ref workTicks, reply.WorkTicks);
        switch (reply.Kind)
        {
            case WorkReplyKind.Result:
                Interlocked.Increment(ref completed);
                return reply.Bytes;
            case WorkReplyKind.TimedOut:
                Interlocked.Increment(ref timedOut);
                throw new TimeoutException($"{name.Display} did not end within {options.TaskTimeout} on silo {reply.Silo}.");
            case WorkReplyKind.Refused:
                Interlocked.Increment(ref refused);
                throw new WorkRefusedException(reply.Message!);
            case WorkReplyKind.Canceled:
                Interlocked.Increment(ref canceled);
                token.ThrowIfCancellationRequested();
                throw new OperationCanceledException($"{name.Display} was cancelled on silo {reply.Silo}: it stops, or nobody had asked for the work for "
                    + "long.");
            default:
                Interlocked.Increment(ref failed);
                throw reply.ToException();
        }
    }

    // After any of these it is unknown whether the work was done: the silo is gone or cannot be reached, the call had no response, or the client was stopped.
    private static bool IsLoss(Exception failure) => failure is OrleansException or TimeoutException or ObjectDisposedException;

    private void VerifyOpen()
    {
        if (stopping)
        {
            throw new ObjectDisposedException(nameof(ClusterExecutor), "The cluster executor was stopped and takes no more work. Make another one.");
        }
    }

    /// <summary>Accepts no more work; what it has may end within the time, and is then cancelled.</summary>
    /// <param name="timeout">Null or infinite: without limit.</param>
    /// <returns>How many were cancelled.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    internal async Task<int> StopAsync(TimeSpan? timeout)
    {
        var patience = SystemWait.Limit(timeout ?? Timeout.InfiniteTimeSpan);
        if (patience != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(patience, TimeSpan.Zero, nameof(timeout));
        }

        stopping = true;
        Interlocked.MemoryBarrier();      // a call counts itself and then looks at that
        foreach (var (loop, calls) in ofLoops)
        {
            if (loop.IsClosed)
            {
                calls.Withdraw();
            }
            else
            {
                calls.Send();      // the loop may wait for this stop
            }
        }

        if (Volatile.Read(ref accepted) == 0)
        {
            stopped.TrySetResult();
        }

        try
        {
            await stopped.Task.WaitAsync(patience).ConfigureAwait(false);
            return 0;
        }
        catch (TimeoutException)
        {
            int number = 0;
            foreach (var (call, _) in open)
            {
                call.Cancel();
                number++;
            }

            await stopped.Task.WaitAsync(SystemWait.Limit(options.CancelGrace, TimeSpan.FromSeconds(2))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return number;
        }
    }

    /// <summary>A call in progress.</summary>
    private sealed class Call : IDisposable
    {
        private readonly CancellationTokenSource own;

        internal Call(CancellationToken token)
        {
            own = CancellationTokenSource.CreateLinkedTokenSource(token);
            Token = own.Token;
        }

        internal CancellationToken Token { get; }

        internal void Cancel()
        {
            try
            {
                own.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has ended at this moment.
            }
        }

        public void Dispose() => own.Dispose();
    }
}
