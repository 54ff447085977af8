using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using EventLoop.Executors.Workers;
using EventLoop.Native;
using EventLoop.Net;
using EventLoop.Net.Connections;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Executors;

/// <summary>One worker process as the pool sees it: its start, what it runs, its end. On the pool's loop.</summary>
internal sealed partial class WorkerHandle(ProcessExecutor pool, int id)
{
    private const int Kept = 8 * 1024;
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ErrorPatience = TimeSpan.FromSeconds(0.5);

    private readonly HashSet<int> knownNames = [];
    private readonly StringBuilder said = new();
    private readonly long killedBefore = WorkerMemory.KilledByTheSystem();
    private Subprocess? child;
    private Connection? connection;
    private PipeStream? stream;
    private int lastSent;      // the number of the work, if what was sent last was work; otherwise zero
    private WorkerCrash? killedAs;
    private TimerHandle? grace;
    private TimerHandle? limit;
    private TimerHandle? idle;

    internal int Id => id;

    internal int ProcessId => child?.Id ?? 0;

    internal WorkerState State { get; private set; } = WorkerState.Starting;

    /// <summary>What it runs, even if nobody waits for that any more.</summary>
    internal WorkItem? Item { get; private set; }

    internal long TasksDone { get; private set; }

    /// <summary>Whether it has to be replaced when its work is done.</summary>
    internal bool IsWornOut { get; set; }

    /// <summary>Whether it has ever been ready for work.</summary>
    internal bool HasStarted { get; private set; }

    /// <summary>Whether this process has killed it, and not because of its work.</summary>
    internal bool WasKilled => killedAs is not null;

    internal string StandardError => said.ToString();

    internal long ResidentBytes => child is { HasExited: false } ? WorkerMemory.ResidentBytes(child.Id) : 0;

    /// <summary>Runs from its start to its end, as a task of the loop.</summary>
    internal async Coroutine Run()
    {
        Exception? failure = null;
        ExitStatus? status = null;
        try
        {
            await Start();
            var errors = Loop.CreateTask(ReadErrors(child!.Error), $"error output of worker {id}");
            try
            {
                await ReadFrames(connection!);
            }
            catch (Exception broken) when (broken is IOException or ObjectDisposedException)
            {
                // A reset instead of an end: it has not read what was sent last, and so has not begun that.
                if (Item is not null && Item.Id == lastSent)
                {
                    Item.IsSent &= broken is not IOException;
                }
            }

            State = WorkerState.Ending;
            status = await EndOf(child!);
            if ((await Loop.Wait([errors], ErrorPatience)).Done.Count == 0)
            {
                errors.Cancel();      // this process's own error output is stuck: nobody waits for that to hear of a crash
            }
            else
            {
                await errors;
            }
        }
        catch (Exception why) when (why is not LoopCanceledException)
        {
            failure = why;
        }
        finally
        {
            State = WorkerState.Ending;
            StopTimers();
            connection?.Abort();
            if (child is not null)
            {
                await child.DisposeAsync();
            }

            pool.OnWorkerEnded(this, status ?? child?.ExitStatus, failure, Item is { IsSent: true } || killedAs is not null);
        }
    }

    /// <summary>Gives it work.</summary>
    /// <returns>False: it is gone, and the work was not begun.</returns>
    internal bool Begin(WorkItem item)
    {
        idle?.Cancel();
        idle = null;
        Item = item;
        item.Worker = this;
        item.IsSent = false;
        item.BegunAt = Stopwatch.GetTimestamp();
        State = WorkerState.Busy;
        int number = pool.NumberOf(item.Name);
        if (knownNames.Add(number))
        {
            WorkBuildCheck.VerifyNotRebuilt(item.Name);
            using var name = new FrameWriter();
            name.Write(Encoding.UTF8.GetBytes(WorkFrames.TextOf(item.Name)));
            if (!Send(name.Finish(FrameKind.Name, number).ToArray(), null))
            {
                return Refuse();
            }
        }

        item.Frame!.PatchInt32(FrameWriter.Head, number);
        if (!Send(item.Frame.Finish(item.Kind, item.Id), item))
        {
            return Refuse();
        }

        LimitTime();
        return true;

        bool Refuse()
        {
            Item = null;
            item.Worker = null;
            State = WorkerState.Ending;
            return false;
        }
    }

    private void LimitTime()
    {
        if (pool.Options.TaskTimeout is { } time)
        {
            limit = Loop.Current.CallLater(time, OnTimeout);
        }
    }

    /// <summary>Called when nobody waits for its work any more: the token fires, and when the grace is over the worker is killed.</summary>
    internal void GiveUp() => GiveUp(pool.Options.CancelGrace);

    private void GiveUp(TimeSpan patience)
    {
        if (State != WorkerState.Busy)
        {
            return;
        }

        State = WorkerState.Canceling;
        limit?.Cancel();
        if (patience == TimeSpan.Zero && ahead.Any(static next => !next.IsDone))
        {
            patience = Unwanted;      // it may have done this and begun the next piece, which somebody waits for
        }

        if (patience == TimeSpan.Zero)
        {
            child?.Kill();
            return;
        }

        var frame = new byte[FrameWriter.Head];
        FrameWriter.WriteHead(frame, 0, FrameKind.Cancel, Item!.Id);
        Send(frame, null);
        grace = Loop.Current.CallLater(patience, () =>
        {
            pool.CountKilled();
            child?.Kill();
        });
    }

    /// <summary>Ends it: it has nothing to do and is no longer needed.</summary>
    internal void End()
    {
        State = WorkerState.Ending;
        StopTimers();
        var frame = new byte[FrameWriter.Head];
        FrameWriter.WriteHead(frame, 0, FrameKind.End, 0);
        Send(frame, null);
        grace = Loop.Current.CallLater(EndPatience, () =>
        {
            pool.CountKilled();
            child?.Kill();
        });
    }

    internal void Kill(WorkerCrash why)
    {
        killedAs ??= why;
        child?.Kill();
    }

    internal void EndWhenIdle(TimeSpan after) => idle = Loop.Current.CallLater(after, () => pool.OnIdleTooLong(this));

    internal WorkerCrash VerdictOn(ExitStatus status) => killedAs
        ?? (status.Signal is null ? WorkerCrash.Exited
            : status.Signal == Signals.SIGKILL && WorkerMemory.KilledByTheSystem() > killedBefore ? WorkerCrash.KilledForMemory
            : WorkerCrash.Signaled);

    private async Coroutine Start()
    {
        var (ours, theirs) = SocketPairs.Make();
        using (theirs)
        {
            try
            {
                child = await Subprocess.StartAsync(WorkerCommandLine.Build(pool.Options, theirs));
                if (WasKilled)
                {
                    child.Kill();      // while there was nothing to kill yet
                }
            }
            catch
            {
                ours.Dispose();
                throw;
            }
        }

        connection = new Connection(new LoopSocket(new Socket(ours)));
        stream = connection.OpenStream(raw: true);
        using var hello = new FrameWriter();
        hello.WriteInt32(id);
        hello.WriteText(pool.Options.Serializer?.GetType() is { } serializer && serializer != typeof(JsonWorkSerializer) ? serializer.AssemblyQualifiedName
            : null);
        hello.WriteText(pool.Initializer is { } first ? WorkFrames.TextOf(first) : null);
        Send(hello.Finish(FrameKind.Hello, 0).ToArray(), null);
    }

    private void OnTimeout()
    {
        if (Item is { IsDone: false } item)
        {
            pool.OnTimeout(item);
        }
    }

    // Its socket is closed: it has ended, or does nothing useful any more.
    private static async Coroutine<ExitStatus> EndOf(Subprocess process)
    {
        try
        {
            return await Loop.WaitFor(process.WaitAsync(), EndPatience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            return await process.WaitAsync();
        }
    }

    // Always read, so that it never waits for this process; passed on, and the end of it kept.
    private async Coroutine ReadErrors(ReceivePipe pipe)
    {
        var block = new byte[4096];
        var characters = new char[Encoding.UTF8.GetMaxCharCount(block.Length)];
        var decoder = Encoding.UTF8.GetDecoder();
        var passing = Task.CompletedTask;
        bool isStuck = false;
        while (await pipe.ReadAsync(block) is > 0 and var count)
        {
            said.Append(characters, 0, decoder.GetChars(block, 0, count, characters, 0, flush: false));
            if (said.Length > Kept)
            {
                said.Remove(0, said.Length - Kept);
            }

            if (!passing.IsCompleted && (isStuck || !await EndsSoon(passing)))
            {
                isStuck = true;      // what nobody takes is not passed on, so that the worker goes on
                continue;
            }

            await passing;
            isStuck = false;
            byte[] text = block.AsSpan(0, count).ToArray();      // the block is for what comes next
            passing = Task.Run(() => PassOn(text));
        }

        await passing;
    }

    private static async Coroutine<bool> EndsSoon(Task passing)
    {
        try
        {
            await passing.WaitAsync(ErrorPatience);
            return true;
        }
        catch (TimeoutException)
        {
            return passing.IsCompleted;
        }
    }

    // To this process's own error output, which may be closed or slow, and so not on the loop.
    private static void PassOn(byte[] text)
    {
        try
        {
            using var to = Console.OpenStandardError();
            to.Write(text, 0, text.Length);
        }
        catch (IOException)
        {
            // Nobody reads it.
        }
    }

    private void StopTimers()
    {
        grace?.Cancel();
        limit?.Cancel();
        idle?.Cancel();
    }
}
