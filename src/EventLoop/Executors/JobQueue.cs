using EventLoop.Executors.Work;
using EventLoop.Scheduling;

namespace EventLoop.Executors;

/// <summary>
/// The jobs of an executor that wait for a worker, first in, first out, and the count of unfinished ones. Withdrawn jobs leave at once, so that nothing
/// accumulates behind long work. Any thread; the lock is held for a few instructions.
/// </summary>
internal sealed class JobQueue(string executor)
{
    [ThreadStatic]
    private static JobQueue? served;      // by the job that runs on this thread

    private readonly object gate = new();      // submitters and workers are different threads
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by the gate.
    private IntrusiveList<Job> jobs;
    private int unfinished;
    private bool closed;

    /// <summary>Whether nothing is queued; workers that read this after they counted themselves out miss no job.</summary>
    internal bool IsEmpty
    {
        get
        {
            lock (gate)
            {
                return jobs.IsEmpty;
            }
        }
    }

    /// <summary>How many jobs are queued or running.</summary>
    internal int Unfinished
    {
        get
        {
            lock (gate)
            {
                return unfinished;
            }
        }
    }

    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    internal Task<T> Add<T>(Func<T> work, CancellationToken token)
    {
        if (token.IsCancellationRequested)
        {
            ThrowIfClosed();
            return Task.FromCanceled<T>(token);
        }

        var job = new Job<T>(work);
        Add(job);
        job.AllowWithdrawal(token);
        return job.Task;
    }

    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    internal void Add(Job job)
    {
        lock (gate)
        {
            if (closed)
            {
                throw Closed();
            }

            unfinished++;
            job.Queue = this;
            jobs.Add(job);
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Counts a job that is queued elsewhere.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    internal void Count()
    {
        lock (gate)
        {
            if (closed)
            {
                throw Closed();
            }

            unfinished++;
        }
    }

    /// <summary>Notes that a job which was only counted was withdrawn.</summary>
    internal void NoteWithdrawn()
    {
        lock (gate)
        {
            Finish();
        }
    }

    /// <summary>Runs a job which was only counted.</summary>
    internal void RunBegun(ReturningJob job)
    {
        var outer = served;
        served = this;
        job.RunBegun();
        served = outer;
        lock (gate)
        {
            Finish();
        }
    }

    internal void ThrowIfClosed()
    {
        lock (gate)
        {
            if (closed)
            {
                throw Closed();
            }
        }
    }

    /// <summary>Runs the first job, if there is one.</summary>
    internal void RunOne()
    {
        Job? job;
        lock (gate)
        {
            job = Take();
        }

        if (job is not null)
        {
            Run(job);
        }
    }

    /// <summary>Runs jobs as they come, until it is closed and there are no more.</summary>
    internal void RunAll()
    {
        var clean = CleanContext.Capture();
        while (true)
        {
            Job? job;
            lock (gate)
            {
                while ((job = Take()) is null)
                {
                    if (closed)
                    {
                        return;
                    }

                    Monitor.Wait(gate);
                }
            }

            Run(job);
            clean.Restore();
        }
    }

    /// <summary>Removes a withdrawn job. Does nothing if a worker has taken it already.</summary>
    internal void Remove(Job job)
    {
        lock (gate)
        {
            if (!ReferenceEquals(job.Queue, this))
            {
                return;
            }

            jobs.Remove(job);
            job.Queue = null;
            Finish();
        }
    }

    /// <summary>Accepts no more jobs. The result completes when all that were added are done or withdrawn.</summary>
    /// <exception cref="InvalidOperationException">Called by one of its own jobs, which would wait for itself.</exception>
    internal Task Close()
    {
        if (ReferenceEquals(served, this))
        {
            throw new InvalidOperationException($"{executor} was disposed by work that runs on it, and that would wait for itself. Dispose it where the work "
                + "was submitted.");
        }

        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
            if (unfinished == 0)
            {
                drained.TrySetResult();
            }
        }

        return drained.Task;
    }

    private void Run(Job job)
    {
        var outer = served;
        served = this;
        job.Run();
        served = outer;
        lock (gate)
        {
            Finish();
        }
    }

    private Job? Take()
    {
        var job = jobs.TakeFirst();
        if (job is not null)
        {
            job.Queue = null;
        }

        return job;
    }

    private void Finish()
    {
        if (--unfinished == 0 && closed)
        {
            drained.TrySetResult();
        }
    }

    private ObjectDisposedException Closed() => new(executor, $"{executor} was disposed and takes no more work.");
}
