using EventLoop.Native;
using EventLoop.Scheduling;
using EventLoop.SignalHandling;

namespace EventLoop.Processes;

/// <summary>One start: it goes to the <see cref="SpawnThread"/>, and returns with a child or with the reason of the failure. A child that returns to a closed
/// loop is killed.</summary>
internal sealed class SpawnRequest : LoopItem
{
    private readonly LoopCore core;
    private readonly ProcessCommand command;
    private readonly ChildStart start;
    private readonly bool isDetached;
    private ChildDevice? device;
    private Exception? failure;

    internal SpawnRequest(LoopCore core, ProcessCommand command, ChildStart start, bool isDetached)
    {
        this.core = core;
        this.command = command;
        this.start = start;
        this.isDetached = isDetached;
        Context = core.BaseContext;
    }

    /// <summary>The wait of the caller: a start cannot be withdrawn, and ends soon.</summary>
    internal UninterruptibleWait Answered { get; } = new("start of a process");

    internal Exception? Failure => failure;

    /// <summary>The child once the request was answered; null if it failed, and for a detached process.</summary>
    internal Subprocess? Child { get; private set; }

    /// <summary>The ID of a detached process.</summary>
    internal int Id { get; private set; }

    internal void Post()
    {
        core.BeginFlight();
        try
        {
            SpawnThread.Post(Run);
        }
        catch (OutOfMemoryException none)
        {
            core.EndFlight();
            start.CloseAhead();
            throw Exhausted(none);
        }
    }

    internal override void Execute()
    {
        if (device is not null)
        {
            try
            {
                Child = new Subprocess(core, command, device, start);
            }
            catch (Exception refused)
            {
                failure = refused is OutOfMemoryException ? Exhausted(refused) : refused;
                OnRejected(core);
            }

            device = null;
        }

        Answered.Set();
    }

    internal override void OnRejected(LoopCore closed)
    {
        if (device is { } orphan)
        {
            start.CloseEnds();
            orphan.Send(SignalNumbers.Kill);
            if (command.HasOwnGroup)
            {
                orphan.SendToGroup(SignalNumbers.Kill);
            }

            DetachedReaper.Take(orphan, isGuarded: command.KillOnParentExit);
        }
    }

    private void Run()
    {
        try
        {
            ChildDisposition.Ensure();
            if (command.KillOnParentExit)
            {
                ProcessGroupGuard.Prepare();
            }

            if (isDetached)
            {
                DetachedReaper.Prepare();
            }

            Start();
        }
        catch (Exception other)
        {
            failure = other is OutOfMemoryException ? Exhausted(other) : other;
            start.CloseAhead();
        }

        core.Arrive(this);
        core.EndFlight();
    }

    // Everything that is needed once the child exists is acquired before: then nothing can fail.
    private void Start()
    {
        var spare = ChildStart.Reserve();      // for the child's handle
        int id = start.Run(out int error, out string? what);
        spare.Dispose();
        if (id == 0)
        {
            failure = CommandPreparation.Explain(command, error, what);
            return;
        }

        Id = id;
        var child = ChildDevice.Open(id);
        if (command.KillOnParentExit)
        {
            ProcessGroupGuard.Add(id);
        }

        if (isDetached)
        {
            DetachedReaper.Take(child);
        }
        else
        {
            device = child;
        }
    }

    private IOException Exhausted(Exception cause) =>
        new($"'{command.FileName}' could not be started: the system has no thread or no descriptor left for it.", cause);
}
