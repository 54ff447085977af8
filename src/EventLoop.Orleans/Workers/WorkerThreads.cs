using EventLoop.Executors.Work;

namespace EventLoop.Orleans.Workers;

/// <summary>Threads that compute, separate from the silo's scheduler. A thread that is held by work which does not respond is given up, and another takes its
/// place. Any thread.</summary>
internal sealed class WorkerThreads(int number) : IDisposable
{
    private readonly Lock gate = new();                 // any thread brings work; held for a few instructions
    private readonly Queue<SiloJob> waiting = new();    // guarded by the gate, like the fields below
    private readonly Queue<Worker> idle = new();
    private int live;
    private int made;
    private bool closed;

    /// <summary>Adds a job, which runs as soon as a thread is free.</summary>
    internal void Add(SiloJob job)
    {
        lock (gate)
        {
            Assign(job);
        }
    }

    /// <summary>Adds several, in this order.</summary>
    internal void Add(ReadOnlySpan<SiloJob> jobs)
    {
        lock (gate)
        {
            foreach (var job in jobs)
            {
                Assign(job);
            }
        }
    }

    /// <summary>Gives up a thread that does not return from its work.</summary>
    internal void GiveUp(Worker worker)
    {
        lock (gate)
        {
            if (!worker.IsGivenUp && !closed)
            {
                worker.IsGivenUp = true;
                live--;
                if (waiting.Count > 0)
                {
                    Start();
                }
            }
        }
    }

    /// <summary>Accepts no more work; busy threads end when their work does.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            while (idle.TryDequeue(out var worker))
            {
                worker.Give(null);
            }
        }
    }

    private void Assign(SiloJob job)
    {
        if (idle.TryDequeue(out var worker))
        {
            worker.Give(job);
            return;
        }

        waiting.Enqueue(job);
        if (live < number && !closed)
        {
            Start();
        }
    }

    private void Start()
    {
        live++;
        new Worker(this, ++made).Start();
    }

    private SiloJob? Next(Worker worker)
    {
        lock (gate)
        {
            if (worker.IsGivenUp || closed)
            {
                return null;
            }

            if (waiting.TryDequeue(out var job))
            {
                return job;
            }

            idle.Enqueue(worker);
        }

        return worker.Take();
    }

    /// <summary>One thread.</summary>
    internal sealed class Worker(WorkerThreads threads, int id)
    {
        private readonly SemaphoreSlim given = new(0);
        private SiloJob? next;

        internal int Id => id;

        /// <summary>Whether nobody waits for it any more. Guarded by the gate.</summary>
        internal bool IsGivenUp { get; set; }

        internal void Start() => new Thread(Run) { Name = $"cluster-work-{id}", IsBackground = true }.UnsafeStart();

        internal void Give(SiloJob? job)
        {
            next = job;
            given.Release();
        }

        internal SiloJob? Take()
        {
            given.Wait();
            return next;
        }

        private void Run()
        {
            var clean = CleanContext.Capture();
            while (threads.Next(this) is { } job)
            {
                job.Run(this);
                clean.Restore();
            }
        }
    }
}
