using EventLoop.Native;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Processes;

/// <summary>Reports when a child has ended: by its handle in the poller, or, where the system has none, by a thread that waits for it. Loop thread
/// only.</summary>
internal sealed class ChildWatch : PollSource
{
    private readonly LoopCore core;
    private readonly ChildDevice device;
    private readonly Ended item;
    private bool isWatched;      // by a thread

    internal ChildWatch(LoopCore core, ChildDevice device, Action onEnded)
    {
        this.core = core;
        this.device = device;
        item = new Ended(core, onEnded);
    }

    internal void Begin()
    {
        if (device.Handle is { } handle)
        {
            core.Poller.Watch(this, handle, Readiness.Readable);
        }
        else
        {
            new Thread(WaitAlone) { IsBackground = true, Name = $"EventLoop wait for {device.Id}" }.UnsafeStart();
            if (!isWatched)
            {
                isWatched = true;
                core.BeginWatch();
            }
        }
    }

    internal void End()
    {
        if (device.Handle is { } handle && Slot >= 0)
        {
            core.Poller.Watch(this, handle, Readiness.None);
        }
        else if (isWatched)
        {
            isWatched = false;
            core.EndWatch();
        }
    }

    internal override void OnReady(Readiness readiness) => core.Ready.Enqueue(item);

    private void WaitAlone()
    {
        device.WaitForEnd();
        core.TryPost(item);
    }

    private sealed class Ended : LoopItem
    {
        private readonly Action onEnded;

        internal Ended(LoopCore core, Action onEnded)
        {
            this.onEnded = onEnded;
            Context = core.BaseContext;
        }

        internal override void Execute() => onEnded();
    }
}
