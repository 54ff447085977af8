using System.Runtime.InteropServices;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>The callbacks of one foreign descriptor. Each stands in the ready queue once at most, however often the poller tells of it. Loop thread only.</summary>
internal sealed class DescriptorWatch(LoopCore core, SafeHandle handle) : PollSource
{
    private readonly Callback reader = new(core);
    private readonly Callback writer = new(core);
    private bool referenced;

    internal bool IsIdle => reader.Action is null && writer.Action is null;

    /// <returns>Whether there was one.</returns>
    internal bool Set(bool reads, Action? action)
    {
        var callback = reads ? reader : writer;
        bool had = callback.Action is not null;
        bool wasIdle = IsIdle;
        if (wasIdle && action is not null)
        {
            handle.DangerousAddRef(ref referenced);      // its number must not become another file's while it is watched
        }

        callback.Action = action;
        callback.Flow = action is null ? null : core.Ambience.CaptureFlow();
        try
        {
            if (!wasIdle || action is not null)
            {
                core.Poller.Watch(
                    this,
                    handle,
                    (reader.Action is null ? Readiness.None : Readiness.Readable) | (writer.Action is null ? Readiness.None : Readiness.Writable));
            }
        }
        catch
        {
            callback.Action = null;
            Release();
            throw;
        }

        Release();
        return had;
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

    private void Release()
    {
        if (IsIdle && referenced)
        {
            referenced = false;
            handle.DangerousRelease();
        }
    }

    private sealed class Callback : LoopItem
    {
        internal Action? Action;
        internal ExecutionContext? Flow;
        private bool queued;

        internal Callback(LoopCore core) => Context = core.BaseContext;

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
            if (Action is not { } action)
            {
                return;      // taken back while it stood in the queue
            }

            var core = Context!.Core;
            core.Ambience.RestoreFlow(Flow);
            try
            {
                action();
            }
            catch (Exception exception)
            {
                core.Loop.OnCallbackFailed(exception);
            }
        }
    }
}
