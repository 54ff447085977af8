using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace EventLoop.Orleans.Workers;

/// <summary>Everything that a silo does for <see cref="ClusterExecutor"/>s: the functions that it knows, the threads and the loop that run them, the tickets
/// of long work. Any thread.</summary>
internal sealed class SiloWorkers : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly JsonWorkSerializer Json = new();

    private readonly ConcurrentDictionary<Guid, WorkFunction> functions = new();
    private readonly ConcurrentDictionary<string, IWorkSerializer> serializers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, SiloJob> tickets = new();
    private readonly ConcurrentDictionary<SiloJob, byte> jobs = new();      // those that have not ended
    private readonly WorkerThreads threads;
    private readonly Lazy<SiloLoop> loop;
    private readonly Lazy<bool> initialized;
    private readonly EventLoopWorkerOptions options;
    private readonly Timer looking;

    public SiloWorkers(IOptions<EventLoopWorkerOptions> options, ILocalSiloDetails silo)
    {
        this.options = options.Value;
        Name = silo.SiloAddress.ToString();
        int workers = this.options.Workers ?? Environment.ProcessorCount;
        Description = new SiloDescription { Name = Name, Workers = workers };
        threads = new WorkerThreads(workers);
        loop = new Lazy<SiloLoop>(() => new SiloLoop(this.options.Loop));
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

    internal IWorkSerializer SerializerOf(string? type) =>
        type is null ? Json : serializers.GetOrAdd(type, static name => (IWorkSerializer)Activator.CreateInstance(Type.GetType(name, throwOnError: true)!)!);

    /// <summary>Handles a grain's call.</summary>
    internal Task<WorkReply> Run(WorkRequest request, CancellationToken token, WorkerGrain grain)
    {
        if (FunctionOf(request, out var refusal) is not { } function)
        {
            return Task.FromResult(refusal);
        }

        var job = new SiloJob(this, function, request, null);
        jobs.TryAdd(job, 0);
        if (job.NeedsLoop)
        {
            RunOnLoop(job);
        }
        else
        {
            threads.Add(job);
        }

        return job.Ended.IsCompleted ? job.Ended : Answer(job, token, grain);
    }

    /// <summary>The same for several pieces of work.</summary>
    internal async Task<WorkReply[]> RunMany(WorkRequest[] requests, WorkerGrain grain)
    {
        var replies = new WorkReply[requests.Length];
        var all = new SiloJob?[requests.Length];
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
                RunOnLoop(job);
            }
            else
            {
                forThreads.Add(job);
            }
        }

        threads.Add(CollectionsMarshal.AsSpan(forThreads));
        await batch.Ended.WaitAsync(CallTime.PatienceForMany).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        List<Task>? slow = null;
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i] is { } job)
            {
                replies[i] = job.Ended.IsCompleted ? await job.Ended : HandOut(job, grain, slow ??= []);
            }
        }

        if (slow is not null)
        {
            await Task.WhenAll(slow);
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
        if (loop.IsValueCreated)
        {
            loop.Value.Dispose();
        }
    }

    private async Task<WorkReply> Answer(SiloJob job, CancellationToken token, WorkerGrain grain)
    {
        using var cancelling = token.UnsafeRegister(static job => ((SiloJob)job!).Cancel(), job);
        var reply = await WaitAWhile(job);
        if (reply.Kind == WorkReplyKind.Running)
        {
            var opened = new List<Task>(1);
            reply = HandOut(job, grain, opened);
            await opened[0];
        }

        return reply;
    }

    private WorkReply HandOut(SiloJob job, WorkerGrain grain, List<Task> opened)
    {
        job.AskedAt = Environment.TickCount64;
        job.Ticket = Guid.NewGuid();
        tickets.TryAdd(job.Ticket, job);
        opened.Add(grain.Ticket(job.Ticket).Open());
        return new WorkReply { Kind = WorkReplyKind.Running, Ticket = job.Ticket, Silo = Name };
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

    private void RunOnLoop(SiloJob job)
    {
        try
        {
            loop.Value.Submit(job.RunAsync, job.Token).ContinueWith(
                static (ended, job) =>
                {
                    if (!ended.IsCompletedSuccessfully)
                    {
                        ((SiloJob)job!).Fail(ended.Exception?.InnerException ?? new OperationCanceledException());
                    }
                },
                job,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
        catch (Exception failure)
        {
            job.Fail(failure);      // the loop is closed, or could not be made
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

        foreach (var (ticket, job) in tickets)
        {
            if (job.Ended.IsCompleted && Volatile.Read(ref job.Askers) == 0 && now - job.AskedAt > options.AbandonedAfter.TotalMilliseconds)
            {
                tickets.TryRemove(ticket, out _);
            }
        }
    }
}
