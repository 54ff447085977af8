using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

/// <summary>Passes the cancellation of an outside token, on any thread, to the scope that was given the token.</summary>
/// <remarks>It unregisters from the token when the scope is left, so that a long-lived token keeps no scope alive.</remarks>
internal sealed class TokenListener : LoopItem
{
    private readonly LoopCore core;
    private readonly Scope scope;
    private readonly CancellationTokenRegistration registration;

    internal TokenListener(LoopCore core, Scope scope)
    {
        this.core = core;
        this.scope = scope;
        if (scope.OutsideToken.IsCancellationRequested)
        {
            scope.CancelByToken();
            return;
        }

        registration = scope.OutsideToken.UnsafeRegister(static listener => ((TokenListener)listener!).Announce(), this);
    }

    // Not Dispose, which would wait for a callback that is running on another thread.
    internal void Stop() => registration.Unregister();

    private void Announce() => core.Arrive(this);

    internal override void OnArrived(LoopCore on) => scope.CancelByToken();

    internal override void Execute() => scope.CancelByToken();
}
