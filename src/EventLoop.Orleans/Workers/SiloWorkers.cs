using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace EventLoop.Orleans.Workers;

/// <summary>Everything that a silo does for <see cref="ClusterExecutor"/>s: the functions that it knows, the threads and the loop that run them, the tickets
/// of long work. Any thread.</summary>
internal sealed class SiloWorkers : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly JsonWorkSerializer Json = new();
    private const int TicketAttempts = 2;      // with what they wait, less than a call may take

    private readonly ConcurrentDictionary<Guid, WorkFunction> functions = new();
    private readonly ConcurrentDictionary<string, IWorkSerializer> serializers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, SiloJob> tickets = new();
    private readonly ConcurrentDictionary<SiloJob, byte> jobs = new();      // those that have not ended
    private readonly WorkerThreads threads;
    private readonly SiloLoops loops;
    private readonly Lazy<bool> initialized;
    private readonly EventLoopWorkerOptions options;
    private readonly Timer looking;

    public SiloWorkers(IOptions<EventLoopWorkerOptions> options, IOptions<SiloMessagingOptions> messaging, ILocalSiloDetails silo)
    {
        Messages = new MessageRoom(messaging.Value.MaxMessageBodySize);
        this.options = options.Value;
        Name = silo.SiloAddress.ToString();
        int workers = this.options.Workers ?? Environment.ProcessorCount;
        Description = new SiloDescription { Name = Name, Workers = workers };
        threads = new WorkerThreads(workers);
        loops = new SiloLoops(this.options.Loop);
        initialized = new Lazy<bool>(() =>
        {
            this.options.Initializer?.Invoke();
            return true;
        });
        looking = new Timer(static workers => ((SiloWorkers)workers!).Look(), this, LookInterval, LookInterval);
    }

    /// <summary>The name of the silo.</summary>
    internal string Name { get; }

    internal SiloDescription Description { get; }

    internal MessageRoom Messages { get; }

    internal IWorkSerializer SerializerOf(string? type) =>
        type is null ? Json : serializers.GetOrAdd(type, static name => (IWorkSerializer)Activator.CreateInstance(Type.GetType(name, throwOnError: true)!)!);

    /// <summary>Handles a grain's call.</summary>
    internal Task<WorkReply> Run(WorkRequest request, CancellationToken token, Func<Guid, ITicketGrain> ticketOf)
    {
        if (FunctionOf(request, out var refusal) is not { } function)
        {
            return Task.FromResult(refusal);
        }

        var job = new SiloJob(this, function, request, null);
        jobs.TryAdd(job, 0);
        if (job.NeedsLoop)
        {
            loops.Run(job);
        }
        else
        {
            threads.Add(job);
        }

        return job.Ended.IsCompleted ? job.Ended : Answer(job, token, ticketOf);
    }

    /// <summary>The same for several pieces of work.</summary>
    internal async Task<WorkReply[]> RunMany(WorkRequest[] requests, Func<Guid, ITicketGrain> ticketOf)
    {
        var replies = new WorkReply[requests.Length];
        var all = new SiloJob?[requests.Length];
        Task<WorkReply>?[]? slow = null;
        long bytes = 0;
        var batch = new SiloBatch(requests.Length);
        var forThreads = new List<SiloJob>(requests.Length);
        for (int i = 0; i < requests.Length; i++)
        {
            if (FunctionOf(requests[i], out replies[i]!) is not { } function)
            {
                batch.OneEnded();
                continue;
            }

            var job = all[i] = new SiloJob(this, function, requests[i], batch);
            jobs.TryAdd(job, 0);
            if (job.NeedsLoop)
            {
                loops.Run(job);
            }
            else
            {
                forThreads.Add(job);
            }
        }

        threads.Add(CollectionsMarshal.AsSpan(forThreads));
        await batch.Ended.WaitAsync(CallTime.PatienceForMany).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i] is not { } job)
            {
                continue;
            }

            var reply = job.Ended.IsCompleted ? await job.Ended : null;
            long length = MessageRoom.EachPiece + (reply?.Bytes.Length ?? 0);
            if (reply is not null && Messages.Holds(bytes + length))
            {
                replies[i] = reply;
                bytes += length;
            }
            else
            {
                (slow ??= new Task<WorkReply>?[all.Length])[i] = HandOut(job, ticketOf);      // also what is too much for one reply
            }
        }

        for (int i = 0; i < slow?.Length; i++)
        {
            if (slow[i] is { } handed)
            {
                replies[i] = await handed;
            }
        }

        return replies;
    }

    internal SiloJob? Find(Guid ticket) => tickets.GetValueOrDefault(ticket);

    internal async Task<WorkReply> WaitAgain(SiloJob job, CancellationToken token)
    {
        using var cancelling = token.UnsafeRegister(static job => ((SiloJob)job!).Cancel(), job);
        var reply = await WaitAWhile(job);
        if (reply.Kind != WorkReplyKind.Running)
        {
            tickets.TryRemove(job.Ticket, out _);
        }

        return reply;
    }

    internal void GiveUp(WorkerThreads.Worker worker) => threads.GiveUp(worker);

    internal void Remove(SiloJob job) => jobs.TryRemove(job, out _);

    public void Dispose()
    {
        looking.Dispose();
        foreach (var (job, _) in jobs)
        {
            job.Cancel();
        }

        threads.Dispose();
        loops.Dispose();
    }

    private async Task<WorkReply> Answer(SiloJob job, CancellationToken token, Func<Guid, ITicketGrain> ticketOf)
    {
        using var cancelling = token.UnsafeRegister(static job => ((SiloJob)job!).Cancel(), job);
        var reply = await WaitAWhile(job);
        return reply.Kind == WorkReplyKind.Running ? await HandOut(job, ticketOf) : reply;
    }

    // The work goes on, whatever becomes of its ticket: where none can be opened it is waited for a little longer, and lost to its caller only then.
    private async Task<WorkReply> HandOut(SiloJob job, Func<Guid, ITicketGrain> ticketOf)
    {
        for (int attempt = 1; attempt <= TicketAttempts; attempt++)
        {
            job.AskedAt = Environment.TickCount64;
            var ticket = job.Ticket = Guid.NewGuid();
            tickets.TryAdd(ticket, job);
            try
            {
                await ticketOf(ticket).Open().WaitAsync(CallTime.Patience);
                return new WorkReply { Kind = WorkReplyKind.Running, Ticket = ticket, Silo = Name };
            }
            catch (Exception)
            {
                tickets.TryRemove(ticket, out _);
            }
        }

        var reply = await WaitAWhile(job);
        return reply.Kind == WorkReplyKind.Running ? WorkReply.Lost : reply;
    }

    private WorkFunction? FunctionOf(WorkRequest request, out WorkReply refusal)
    {
        refusal = WorkReply.NeedsName;
        if (functions.TryGetValue(request.Function, out var function) || request.Name is not { } name)
        {
            return function;
        }

        try
        {
            _ = initialized.Value;
            return functions.GetOrAdd(request.Function, WorkFunction.Of(name.ToName()));
        }
        catch (WorkVersionException other)
        {
            refusal = new WorkReply { Kind = WorkReplyKind.Refused, Message = other.Message, Silo = Name };
        }
        catch (Exception failure)
        {
            refusal = WorkReply.Of(WorkFailure.Of(failure), WorkReplyKind.Failure, Name);
        }

        return null;
    }

    private async Task<WorkReply> WaitAWhile(SiloJob job)
    {
        Interlocked.Increment(ref job.Askers);
        try
        {
            return await job.Ended.WaitAsync(CallTime.Patience);
        }
        catch (TimeoutException)
        {
            // It may have ended in this moment: an exception would look like a lost silo.
            return job.Ended.IsCompleted ? await job.Ended : new WorkReply { Kind = WorkReplyKind.Running, Ticket = job.Ticket, Silo = Name };
        }
        finally
        {
            job.AskedAt = Environment.TickCount64;
            Interlocked.Decrement(ref job.Askers);
        }
    }

    // Looks for work that has exceeded its time, and that nobody asks for any more.
    private void Look()
    {
        long now = Environment.TickCount64;
        foreach (var (job, _) in jobs)
        {
            job.Look();
            if (Volatile.Read(ref job.Askers) == 0 && now - job.AskedAt > options.AbandonedAfter.TotalMilliseconds)
            {
                job.Cancel();
            }
        }

        loops.Look(jobs);
        foreach (var (ticket, job) in tickets)
        {
            if (job.Ended.IsCompleted && Volatile.Read(ref job.Askers) == 0 && now - job.AskedAt > options.AbandonedAfter.TotalMilliseconds)
            {
                tickets.TryRemove(ticket, out _);
            }
        }
    }
}
