using EventLoop.Scheduling;

namespace EventLoop.SignalHandling;

/// <summary>A loop's callback for one signal. Loop thread only, except <see cref="OnSignal"/>.</summary>
internal sealed class SignalHandler : ISignalSubscriber, ILoopResident
{
    private readonly LoopCore core;
    private readonly int number;
    private Action callback;
    private bool removed;

    internal SignalHandler(LoopCore core, int number, Action callback)
    {
        this.core = core;
        this.number = number;
        this.callback = callback;
        SignalHub.Add(number, this);
        core.Loop.Residents.Add(this);
    }

    public Loop Loop => core.Loop;

    public void OnSignal(int arrived) => core.TryPost(CallbackItem<SignalHandler>.Create(static handler => handler.Call(), this, core.BaseContext));

    void ILoopResident.OnLoopClosing() => Remove();

    /// <summary>Replaces the callback; signals that have arrived and were not delivered yet are delivered to the new one.</summary>
    internal void Replace(Action next) => callback = next;

    internal void Remove()
    {
        removed = true;
        SignalHub.Remove([number], this);
        core.Loop.Residents.Remove(this);
    }

    private void Call()
    {
        if (!removed)
        {
            callback();
        }
    }
}
