using System.Runtime.InteropServices;
using EventLoop.Diagnostics;
using EventLoop.Native;
using EventLoop.Net.Pipes;
using EventLoop.Processes;
using EventLoop.Scheduling;
using EventLoop.SignalHandling;

namespace EventLoop;

/// <summary>A child process of the running loop. asyncio: <c>asyncio.subprocess.Process</c>; Trio: <c>Process</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, except for <see cref="Id"/>. Starting does not block the loop: the system call runs on a thread of its own.</para>
/// <para><b>End and output are separate events.</b> The process counts as ended when it has ended, whoever still holds its pipes; its output can be read
/// afterwards.</para>
/// <para><b>Reaping:</b> only this object reaps the child, by its own handle (pidfd), never by waiting for any child: children of System.Diagnostics.Process
/// and of native libraries are left alone. A signal never reaches another process that got the same number.</para>
/// <para><b>If it is not disposed</b> the child continues to run, and the loop references it until it ends; if it leads a process group, until nobody is left
/// in that: it remains in the system's process table, so that the group's number is nobody else's. The end of the loop kills children that are left and
/// reports them.</para>
/// <para><b>Errors when starting:</b> <see cref="FileNotFoundException"/>, <see cref="DirectoryNotFoundException"/> (the working directory),
/// <see cref="UnauthorizedAccessException"/>, <see cref="IOException"/> (arguments too long, no more processes), <see cref="ArgumentException"/> (a zero
/// character), <see cref="PlatformNotSupportedException"/> (not Linux, the portable poller, or a working
/// directory where the C library cannot set one).</para>
/// </remarks>
public sealed partial class Subprocess : IAsyncDisposable
{
    private readonly LoopCore core;
    private readonly ChildDevice device;
    private readonly ChildWatch watch;
    private readonly Resident resident;
    private readonly AsyncEvent exited;
    private readonly List<UninterruptibleWait> firmWaits = [];      // of those who have killed it
    private readonly SendPipe? input;
    private readonly ReceivePipe? output;
    private readonly ReceivePipe? error;
    private ExitStatus? status;
    private TimerHandle? drain;
    private bool released;           // its number may be another process's by now
    private AsyncEvent? closed;      // made when it is first closed
    private bool hasCommunicated;

    internal Subprocess(LoopCore core, ProcessCommand command, ChildDevice device, ChildStart start)
    {
        this.core = core;
        this.device = device;
        Command = command;
        Id = device.Id;
        exited = new AsyncEvent(WaitKind.Process, "child process (to end)");
        watch = new ChildWatch(core, device, OnEnded);
        resident = new Resident(this);
        input = start.Ends[0] is { } to
            ? new SendPipe(PipeEnd.ForWriting(core, core.Poller.AdoptPipe(to, isOurs: true), $"standard input of process {Id}"), command.Encoding) : null;
        output = Receive(start.Ends[1], "standard output");
        error = Receive(start.Ends[2], "standard error");
        watch.Begin();
        core.Loop.Residents.Add(resident);
    }

    /// <summary>The process ID. Any thread.</summary>
    public int Id { get; }

    /// <summary>The command that it runs.</summary>
    public ProcessCommand Command { get; }

    /// <summary>The pipe to its standard input.</summary>
    /// <exception cref="InvalidOperationException">The command does not specify <see cref="Stdio.Pipe"/>.</exception>
    public SendPipe Input => input ?? throw NoPipe(nameof(Input));

    /// <summary>The pipe from this stream of the child.</summary>
    /// <inheritdoc cref="Input" path="/exception"/>
    public ReceivePipe Output => output ?? throw NoPipe(nameof(Output));

    /// <inheritdoc cref="Output"/>
    public ReceivePipe Error => error ?? throw NoPipe(nameof(Error));

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => ExitStatus is not null;

    /// <summary>How it ended; null while it runs. asyncio: <c>returncode</c>.</summary>
    public ExitStatus? ExitStatus => status;

    private bool OwnsGroup => Command.HasOwnGroup;

    /// <summary>Waits for its end; any number of tasks may wait. <b>Cancellation:</b> ends only this wait.</summary>
    public async Coroutine<ExitStatus> WaitAsync()
    {
        core.VerifyAccess("Subprocess.WaitAsync");
        await exited.WaitAsync();
        return status!.Value;
    }

    /// <summary>Sends a signal. .NET 11: <c>SafeProcessHandle.Signal</c>; asyncio: <c>send_signal</c>.</summary>
    /// <param name="signal">One of <see cref="PosixSignal"/> or of <see cref="Signals"/>.</param>
    /// <param name="entireProcessTree">Whether it goes to the whole process group, if the child has one of its own, and otherwise to the child and the
    /// descendants that can be found.</param>
    /// <returns>False: it has ended already. Others in a process group of its own get a signal for the entire tree nevertheless.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such signal.</exception>
    public bool Signal(PosixSignal signal, bool entireProcessTree = false)
    {
        core.VerifyAccess("Subprocess.Signal");
        int number = SignalNumbers.Of(signal);
        if (released)
        {
            return false;
        }

        if (status is not null || device.Peek() is not null)
        {
            if (entireProcessTree && OwnsGroup)
            {
                device.SendToGroup(number);      // as long as it is kept, the group's number is its own
            }

            return false;
        }

        return entireProcessTree ? SignalTree(number) : device.Send(number);
    }

    /// <summary>Sends SIGTERM.</summary>
    /// <inheritdoc cref="Signal" path="/param|/returns"/>
    public bool Terminate(bool entireProcessTree = false) => Signal(PosixSignal.SIGTERM, entireProcessTree);

    /// <summary>Sends SIGKILL.</summary>
    /// <inheritdoc cref="Signal" path="/param|/returns"/>
    public bool Kill(bool entireProcessTree = false) => Signal(Signals.SIGKILL, entireProcessTree);

    /// <inheritdoc/>
    public override string ToString() => $"process {Id} ({Command}), {(status is { } ended ? ended.ToString() : "running")}";

    private ReceivePipe? Receive(Microsoft.Win32.SafeHandles.SafeFileHandle? end, string what) =>
        end is null ? null : new ReceivePipe(PipeEnd.ForReading(core, core.Poller.AdoptPipe(end, isOurs: true), $"{what} of process {Id}"), Command.Encoding);

    private InvalidOperationException NoPipe(string which) =>
        new($"There is no pipe for {which}: the command says "
            + $"\"{(which switch { nameof(Input) => Command.Input, nameof(Output) => Command.Output, _ => Command.Error })}\". Start it with {which} = "
            + "Stdio.Pipe.");

    private bool SignalTree(int number)
    {
        if (OwnsGroup)
        {
            return device.SendToGroup(number);
        }

        // Handles first: once it is gone its children belong to another process.
        var descendants = ProcessTree.Open(Id);
        bool sent = device.Send(number);
        foreach (var process in descendants)
        {
            process.SendToStranger(number);
            process.Dispose();
        }

        return sent;
    }

    private void OnEnded()
    {
        if (status is not null)
        {
            return;
        }

        if (device.Peek() is not { } ended)
        {
            watch.Begin();      // a report that comes before this may be the only one, so it is asked again
            return;
        }

        status = EventLoop.ExitStatus.From(ended);
        watch.End();
        if (ended.IsUnknown)
        {
            core.Loop.CallExceptionHandler(new LoopExceptionContext($"How {this} ended is not known: somebody else in this process has waited for any child "
                + "and taken it"));
        }

        // A group leader stays in the system's process table until it is disposed or alone, so that the group's number remains its own.
        if (!OwnsGroup || device.IsReaped)
        {
            Release();
        }
        else if (closed is null)
        {
            EndedLeaders.Add(resident);
        }

        exited.Set();
        firmWaits.ForEach(static wait => wait.Set());
        firmWaits.Clear();
        if ((output is not null || error is not null) && Command.DrainTimeout != Timeout.InfiniteTimeSpan)
        {
            drain = core.Loop.CallLater(Command.DrainTimeout, CutOff);
        }
    }

    private void CutOff()
    {
        output?.CutOff();
        error?.CutOff();
    }

    private void Release()
    {
        if (released)
        {
            return;
        }

        released = true;
        core.Loop.Residents.Remove(resident);
        if (OwnsGroup)
        {
            EndedLeaders.Remove(resident);
        }

        if (Command.KillOnParentExit)
        {
            ProcessGroupGuard.Release(device);
        }
        else
        {
            device.Reap();
            device.Dispose();
        }
    }

    /// <summary>What the loop knows about it, and who looks for those that are alone in their groups.</summary>
    private sealed class Resident : LoopItem, ILoopResident, IEndedLeader
    {
        private readonly Subprocess process;

        internal Resident(Subprocess process)
        {
            this.process = process;
            Context = process.core.BaseContext;
        }

        int IEndedLeader.Group => process.Id;

        void ILoopResident.OnLoopClosing() => process.OnLoopClosing();

        void IEndedLeader.OnAlone() => process.core.TryPost(this);

        internal override void Execute()
        {
            if (process.closed is null)
            {
                process.Release();
            }
        }
    }

    // No step follows: what takes the system a while is left to the reaping thread.
    private void OnLoopClosing()
    {
        const int patience = 200;
        bool isRunning = device.Peek() is null;
        watch.End();
        input?.Close();
        output?.Close();
        error?.Close();
        if (OwnsGroup)
        {
            device.SendToGroup(SignalNumbers.Kill);
        }

        if (isRunning)
        {
            core.Loop.CallExceptionHandler(new LoopExceptionContext($"{this} was left when loop '{core.Loop.Name}' was closed, and was killed"));
            device.Send(SignalNumbers.Kill);
        }

        if (device.WaitBriefly(patience))
        {
            status ??= EventLoop.ExitStatus.From(device.Peek()!.Value);
            Release();
        }
        else
        {
            released = true;
            DetachedReaper.Take(device, isGuarded: Command.KillOnParentExit);
        }
    }
}
