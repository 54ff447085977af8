using System.Runtime.InteropServices;
using EventLoop.Diagnostics;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Pipes;

/// <summary>One end of a pipe, which is read or written. Loop thread, except for closing.</summary>
internal sealed class PipeEnd : StreamOwner, IHandedOver
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly DeviceReadiness ready;
    private readonly PipeTransport transport;
    private bool closed;
    private LoopFuture? closing;

    private PipeEnd(LoopCore core, DeviceReadiness ready, PipeTransport transport)
        : base(core, transport)
    {
        this.ready = ready;
        this.transport = transport;
    }

    /// <summary>Nobody uses it any more: the loop closes it. A closed loop has done so.</summary>
    ~PipeEnd()
    {
        if (ready is { IsClosed: false } left)
        {
            Core.TryPost(CallbackItem<DeviceReadiness>.Create(static forgotten => forgotten.Close(abort: false, ""), left, Core.BaseContext));
        }
    }

    internal InputPipe? Input { get; private init; }

    internal OutputPipe? Output { get; private init; }

    internal override WaitKind WaitedForAs => WaitKind.Process;

    internal override string Kind => "pipe";

    internal override string Peer => transport.Name;

    internal override bool IsClosed => closed || ready.IsClosed;

    internal bool IsCutOff => transport.IsCutOff;

    /// <param name="made">Made from a handle that others may still dispose.</param>
    /// <param name="handle">That handle.</param>
    internal static PipeEnd Watched(PipeEnd made, SafeHandle handle)
    {
        HandleWatch.Add(made, handle);
        return made;
    }

    internal static PipeEnd ForReading(LoopCore core, StreamDevice device, string name) => new(core, device, name, reads: true);

    internal static PipeEnd ForWriting(LoopCore core, StreamDevice device, string name) => new(core, device, name, reads: false);

    private PipeEnd(LoopCore core, StreamDevice device, string name, bool reads)
        : this(core, new DeviceReadiness(core, device, null), name, reads)
    {
    }

    private PipeEnd(LoopCore core, DeviceReadiness ready, string name, bool reads)
        : this(core, ready, new PipeTransport(ready, name))
    {
        Input = reads ? new InputPipe(this) : null;
        Output = reads ? null : new OutputPipe(this);
    }

    internal override ObjectDisposedException ClosedException() => ClosedException("");

    private ObjectDisposedException ClosedException(string why) => new("pipe", $"{transport.Name} is closed.{why}");

    bool IHandedOver.IsClosed => IsClosed;

    void IHandedOver.OnHandleDisposed() => OnLoop(static pipe => pipe.CloseNow(DeviceReadiness.DisposedElsewhere));

    internal void CutOff() => transport.CutOff();

    internal void Enlarge(int size) => transport.Enlarge(size);

    internal override void Abort() => OnLoop(static pipe => pipe.CloseNow());

    internal override ValueTask DisposeAsync()
    {
        if (!ReferenceEquals(LoopCore.Running, Core))
        {
            OnLoop(static pipe => pipe.CloseNow());
            return default;
        }

        return Close() is { } end ? new ValueTask(end.AsTask()) : default;
    }

    /// <summary>Closes it after what was written, which has five seconds. Returns a future that always succeeds, when it is closed; null: it is.</summary>
    internal LoopFuture? Close()
    {
        if (closing is null)
        {
            if (IsClosed || Output is null or { IsEmpty: true } or { IsBroken: true })
            {
                CloseNow();
                return null;
            }

            closing = new LoopFuture(Core.Loop);
            _ = Loop.CreateTask(CloseAsync(Output), $"close of {transport.Name}");
        }

        return closing.IsCompleted ? null : closing;
    }

    internal void CloseNow() => CloseNow("");

    private void CloseNow(string why)
    {
        if (!closed)
        {
            closed = true;
            GC.SuppressFinalize(this);
            var reason = ClosedException(why);
            Output?.OnClosed(reason);
            Input?.OnClosed(reason);
            ready.Close(abort: true, transport.Name);
        }
    }

    private async Coroutine CloseAsync(OutputPipe output)
    {
        try
        {
            var drain = OutputOperation.Rent(output, default, drain: true);
            await Loop.WaitFor(new Coroutine<int>(drain, drain.Version), CloseTimeout);
        }
        catch (Exception failure) when (failure is IOException or TimeoutException or ObjectDisposedException)
        {
            // Nobody reads what is left.
        }
        finally
        {
            CloseNow();
            closing!.TrySetResult();
        }
    }

    private void OnLoop(Action<PipeEnd> action)
    {
        if (Core.IsInLoopThread)
        {
            action(this);
        }
        else
        {
            Core.TryPost(CallbackItem<PipeEnd>.Create(action, this, Core.BaseContext));
        }
    }
}
