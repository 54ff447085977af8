using System.Diagnostics;
using EventLoop.Executors;
using EventLoop.Executors.Work;
using EventLoop.Executors.Workers;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>
/// Runs static functions in worker processes: CPU-bound work beside the loop, which can really be stopped, and whose crash affects nothing else. Python:
/// <c>ProcessPoolExecutor</c>; AnyIO: <c>to_process</c>.
/// </summary>
/// <remarks>
/// <para><b>What can be run:</b> a static method, a static lambda, or any lambda that captures nothing. One that does is refused at once with
/// <see cref="ArgumentException"/>, which names what it captures ("this" for a method of an object). Arguments and results are copied. AsyncLocals are not
/// transferred.</para>
/// <para><b>A crash fails the one piece of work that ran there</b>, with <see cref="WorkerCrashedException"/>; the worker is replaced, queued work is kept,
/// and nothing is run twice. A worker that dies while idle fails nothing. If three workers in a row cannot start, all queued work fails with
/// <see cref="WorkerStartException"/>, and the next Run tries again.</para>
/// <para><b>An exception of the work</b> is thrown here with the same type, if that can be made from a message, and with the worker's stack; otherwise as
/// <see cref="WorkerTaskException"/>.</para>
/// <para><b>Cancellation:</b> the waiter resumes at once. Work in the queue is withdrawn and never runs; running work has its token cancelled, and is killed
/// with its worker after CancelGrace. Short work that was sent ahead to a busy worker stays there: if it comes back, it never runs; if its turn comes there, it
/// runs until it heeds its token, which fires when the pool hears of that, or CancelGrace is over, which is 20 ms then at the least. No result is kept.</para>
/// <para><b>Workers</b> are in sessions of their own, so that Ctrl-C reaches this process only, and they end when this process does, however it ends. Their
/// input is empty, their output is this process's; their error output is always read and passed on, and its last 8 KiB are kept for the exception.</para>
/// <para><b>Thread:</b> it belongs to the loop that made it, or, made where none runs, to the first that uses it; if nobody disposes it, that loop's end kills
/// its workers. Run may be awaited on any loop, <see cref="SubmitAsync{T}(Func{T}, CancellationToken)"/> called on any thread.</para>
/// <para><b>Cost:</b> a round trip is two context switches, about the cost of <see cref="Loop.ToThread{T}(Func{T})"/>; where several pieces of short work
/// wait, they are sent ahead, a millisecond of work at the most, and come back from behind one that takes long. Starting a worker costs as much as
/// starting a .NET program.</para>
/// <para>Trimmed and AOT programs call <see cref="WorkerProcess.Run"/> first in Main; AOT cannot find a delegate by name yet and throws
/// <see cref="PlatformNotSupportedException"/>.</para>
/// </remarks>
public sealed partial class ProcessExecutor : IExecutor, IBareExecutor
{
    private readonly List<WorkerHandle> workers = [];
    private readonly List<WorkerHandle> idle = [];                              // the last one to have worked is the first to work again
    private readonly LinkedList<WorkItem> waiting = [];
    private readonly LinkedList<WorkItem> outside = [];                         // for which there is no room in the queue
    private readonly Dictionary<WorkName, int> numbers = new(ReferenceEqualityComparer.Instance);     // a function has one name
    private readonly Resident resident;
    private readonly int most;
    private LoopCore? home;                                                     // any thread, interlocked
    private LoopFuture? changed;
    private int lastWorker;
    private int failedStarts;
    private WorkerStartException? startFailure;
    private TimerHandle? memoryWatch;
    private bool closing;                                                       // no more work is accepted
    private bool closed;

    private long completed, failed, canceled, timedOut, crashed, started, recycled;
    private long queueTicks, workTicks;
    private int killed;

    /// <summary>Makes a pool; its first work starts the first worker.</summary>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">The initializer captures something, or the serializer has no suitable constructor.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number or a time is out of range.</exception>
    /// <exception cref="InvalidOperationException">This process was itself started as a worker, and runs its Main nevertheless.</exception>
    public ProcessExecutor(ProcessExecutorOptions? options = null)
    {
        Options = options ?? new ProcessExecutorOptions();
        Options.Verify();
        if (WorkerProcess.IsMissed)
        {
            throw new InvalidOperationException(
                "This process was started as a worker of a ProcessExecutor and runs its Main all the same, so a pool in it would start workers without end. "
                    + "Call WorkerProcess.Run() first in Main, and return when it is true.");
        }

        most = Options.Workers ?? Environment.ProcessorCount;
        Serializer = Options.Serializer ?? new DefaultWorkSerializer();
        Initializer = Options.Initializer is { } first ? WorkName.Of(first) : null;
        resident = new Resident(this);
        home = LoopCore.Running;
    }

    internal ProcessExecutorOptions Options { get; }

    internal IWorkSerializer Serializer { get; }

    internal WorkName? Initializer { get; }

    /// <summary>What it is doing and has done. <b>Thread:</b> its loop's.</summary>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public ProcessExecutorStatistics Statistics
    {
        get
        {
            home?.VerifyAccess("ProcessExecutor.Statistics");
            return new ProcessExecutorStatistics(
                workers.Count,
                workers.Count(static worker => worker.State is WorkerState.Busy or WorkerState.Canceling),
                workers.Count(static worker => worker.State == WorkerState.Starting),
                waiting.Count + WorkAhead,
                completed,
                failed,
                canceled,
                timedOut,
                crashed,
                started,
                recycled,
                Stopwatch.GetElapsedTime(0, queueTicks),
                Stopwatch.GetElapsedTime(0, workTicks));
        }
    }

    /// <summary>Returns its current workers. <b>Thread:</b> its loop's.</summary>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public IReadOnlyList<WorkerInfo> GetWorkers()
    {
        home?.VerifyAccess("ProcessExecutor.GetWorkers");
        return
        [
            .. workers.Select(static worker => new WorkerInfo(
                worker.Id,
                worker.ProcessId,
                worker.State,
                worker.Item?.Name.Display,
                worker.Item is { } item ? Stopwatch.GetElapsedTime(item.BegunAt) : TimeSpan.Zero,
                worker.TasksDone,
                worker.ResidentBytes)),
        ];
    }

    /// <summary>Starts workers now and runs their initializers; returns when they are ready. Optional: the first work starts a worker.</summary>
    /// <param name="workers">How many; null: all.</param>
    /// <exception cref="WorkerStartException">They cannot be started.</exception>
    public async Coroutine WarmUpAsync(int? workers = null)
    {
        var core = Home();
        core.VerifyAccess("ProcessExecutor.WarmUpAsync");
        int wanted = Math.Min(workers ?? most, most);
        ArgumentOutOfRangeException.ThrowIfNegative(wanted, nameof(workers));
        await Loop.CheckPoint();
        startFailure = null;
        while (this.workers.Count(static worker => worker.HasStarted && worker.State != WorkerState.Ending) < wanted)
        {
            VerifyOpen();
            while (Living < wanted)
            {
                StartWorker();
            }

            await Change();
            if (startFailure is { } failure)
            {
                throw failure;
            }
        }
    }

    /// <summary>Replaces each worker when its work is done, for example after a change of what the initializer loads. <b>Thread:</b> its loop's.</summary>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public void Recycle()
    {
        home?.VerifyAccess("ProcessExecutor.Recycle");
        foreach (var worker in workers)
        {
            worker.IsWornOut = true;
        }

        foreach (var worker in idle.ToArray())
        {
            Retire(worker);
        }
    }

    /// <summary>Kills all workers at once; waiters for running work get <see cref="WorkerCrashedException"/>. The pool remains usable. Python 3.14:
    /// <c>kill_workers</c>. <b>Thread:</b> its loop's.</summary>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public void KillWorkers()
    {
        home?.VerifyAccess("ProcessExecutor.KillWorkers");
        foreach (var worker in workers.ToArray())
        {
            idle.Remove(worker);
            worker.Kill(WorkerCrash.Killed);
        }
    }

    /// <summary>The number that a function has in this pool.</summary>
    internal int NumberOf(WorkName name)
    {
        if (!numbers.TryGetValue(name, out int number))
        {
            number = numbers.Count;
            numbers.Add(name, number);
        }

        return number;
    }

    internal void CountKilled() => killed++;

    /// <summary>The number of the latest piece of work, which wraps around.</summary>
    internal int LastItem { get; set; }

    /// <summary>Work that workers have, and have not begun.</summary>
    internal int WorkAhead => workers.Sum(static worker => worker.Ahead.Count);

    /// <summary>What a piece of work takes, on the worker where that is most.</summary>
    internal TimeSpan UsualTime => workers.Max(static worker => worker.Usual);

    private int Living => workers.Count(static worker => worker.State != WorkerState.Ending);

    // Its own loop, from the first use on.
    private LoopCore Home()
    {
        if (home is null)
        {
            Interlocked.CompareExchange(ref home, LoopCore.Required, null);
        }

        return home;
    }

    private void VerifyOpen()
    {
        if (closing)
        {
            throw Stopped();
        }
    }

    private static ObjectDisposedException Stopped() =>
        new(nameof(ProcessExecutor), "The process pool was stopped and takes no more work. Make another one.");

    private void NoteChange()
    {
        var told = changed;
        changed = null;
        told?.TrySetResult();
    }

    private async Coroutine Change() => await Loop.Wait([changed ??= new LoopFuture(home!.Loop)]);

    private sealed class Resident(ProcessExecutor pool) : ILoopResident
    {
        void ILoopResident.OnLoopClosing() => pool.OnLoopClosing();
    }

    private void OnLoopClosing()
    {
        closing = closed = true;
        home!.Loop.Residents.Remove(resident);
        var why = new ObjectDisposedException(nameof(ProcessExecutor), $"Loop '{home!.Loop.Name}', to which the process pool belongs, was closed.");
        FailAll(why);
        foreach (var worker in workers)
        {
            foreach (var item in worker.Given)
            {
                item.IsDone = true;
                item.Fail(why);
            }
        }
    }
}
