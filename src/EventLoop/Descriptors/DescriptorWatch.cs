using System.Runtime.InteropServices;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Descriptors;

/// <summary>
/// The callbacks of one foreign descriptor. Each is in the ready queue at most once, and is watched for again when it has run. The handle remains its owner's,
/// who may close it, which ends the watch. Loop thread only.
/// </summary>
internal sealed class DescriptorWatch : PollSource
{
    private readonly LoopCore core;
    private readonly DescriptorWatches all;
    private readonly Callback reader;
    private readonly Callback writer;

    internal DescriptorWatch(LoopCore core, DescriptorWatches all, SafeHandle handle)
    {
        this.core = core;
        this.all = all;
        Handle = handle;
        Number = handle.DangerousGetHandle();
        reader = new Callback(this);
        writer = new Callback(this);
    }

    internal SafeHandle Handle { get; }

    /// <summary>The descriptor that the handle had when the watch began.</summary>
    internal nint Number { get; }

    internal bool IsIdle => reader.Action is null && writer.Action is null;

    /// <returns>Whether there was one.</returns>
    internal bool Set(bool reads, Action? action)
    {
        var callback = reads ? reader : writer;
        bool had = callback.Action is not null;
        callback.Action = action;
        callback.Flow = action is null ? null : core.ThreadContexts.CaptureFlow();
        if (Handle.IsClosed)
        {
            End();
            return had;
        }

        try
        {
            if (had || action is not null)
            {
                Ask();
            }
        }
        catch
        {
            callback.Action = null;
            throw;
        }

        return had;
    }

    internal void End()
    {
        reader.Action = writer.Action = null;
        Ask();
    }

    internal override void OnReady(Readiness readiness)
    {
        if ((readiness & (Readiness.Readable | Readiness.HangUp)) != 0)
        {
            reader.Queue();
        }

        if ((readiness & (Readiness.Writable | Readiness.HangUp)) != 0)
        {
            writer.Queue();
        }
    }

    // For each direction whose callback is not in the queue; the other one will ask when it has run.
    private void Ask()
    {
        var interest = (reader.IsAwaited ? Readiness.Readable : Readiness.None) | (writer.IsAwaited ? Readiness.Writable : Readiness.None);
        if (interest != Readiness.None || IsIdle)
        {
            core.Poller.Watch(this, Handle, interest);
        }
    }

    private void AskAgain()
    {
        if (IsIdle)
        {
            return;
        }

        try
        {
            Ask();
        }
        catch (Exception failure)
        {
            reader.Action = writer.Action = null;
            all.Forget(this);
            if (!Handle.IsClosed)
            {
                core.OnCallbackFailed(new IOException($"Descriptor {Number} is not watched any more: somebody has closed it without its handle. "
                    + $"{failure.Message}", failure));
            }
        }
    }

    private sealed class Callback : LoopItem
    {
        internal Action? Action;
        internal ExecutionContext? Flow;
        private readonly DescriptorWatch watch;
        private bool queued;

        internal Callback(DescriptorWatch watch)
        {
            this.watch = watch;
            Context = watch.core.BaseContext;
        }

        internal bool IsAwaited => Action is not null && !queued;

        internal void Queue()
        {
            if (!queued && Action is not null)
            {
                queued = true;
                Context!.Core.Ready.Enqueue(this);
            }
        }

        internal override void Execute()
        {
            queued = false;
            var core = Context!.Core;
            if (watch.Handle.IsClosed)
            {
                watch.all.Forget(watch);
                return;
            }

            if (Action is not { } action)
            {
                return;      // removed while it was in the queue
            }

            core.ThreadContexts.RestoreFlow(Flow);
            try
            {
                action();
            }
            catch (Exception exception)
            {
                core.OnCallbackFailed(exception);
            }

            watch.AskAgain();
        }
    }
}
