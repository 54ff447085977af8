using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

// A token that ends the wait, from any thread.
internal sealed partial class ValueTaskBridge<T>
{
    private void Observe(CancellationToken asked)
    {
        if (asked.CanBeCanceled)
        {
            cancellation = asked;      // the same as before, if another thread may be reading it already
            registration = asked.UnsafeRegister(static bridge => ((ValueTaskBridge<T>)bridge!).CancelFromAnyThread(), this);
        }
    }

    private void CancelFromAnyThread()
    {
        var loop = core;
        int asked = Number;
        if (loop is null)
        {
            return;
        }

        if (ReferenceEquals(LoopCore.Running, loop))
        {
            Cancel(asked);
        }
        else
        {
            loop.TryPost(CallbackItem<(ValueTaskBridge<T> Bridge, int Version)>.Create(
                static cancel => cancel.Bridge.Cancel(cancel.Version), (this, asked), loop.BaseContext));
        }
    }

    private void Cancel(int asked)
    {
        if (Number == asked && State == WaitState.Parked && Target!.Abort(this, null) == AbortResult.GivenUp)
        {
            WakeWith(core!, new OperationCanceledException(cancellation));
        }
    }
}
