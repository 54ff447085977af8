using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

/// <summary>Carries the cancellation of a token from outside, on whichever thread it comes, to the scope that it was given to.</summary>
/// <remarks>It lets go of the token when the scope is left: what others keep for long keeps no scope alive.</remarks>
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

    // Not Dispose, which would wait for a callback that another thread is in.
    internal void Stop() => registration.Unregister();

    private void Announce() => core.Arrive(this);

    internal override void OnArrived(LoopCore on) => scope.CancelByToken();

    internal override void Execute() => scope.CancelByToken();
}
