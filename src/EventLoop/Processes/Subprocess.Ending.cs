using EventLoop.Processes;
using EventLoop.SignalHandling;

namespace EventLoop;

// Stopping, and disposing.
public sealed partial class Subprocess
{
    /// <summary>
    /// Sends StopSignal to the child, or to its group if it has one of its own, lets it continue if it was stopped, and waits; when the grace is over, or when
    /// it has ended and others of its group have not, they get SIGKILL. <b>Cancellation:</b> kills at once, and still waits.
    /// </summary>
    /// <param name="grace">Null: the command's.</param>
    /// <returns>How it ended.</returns>
    public async Coroutine<ExitStatus> StopAsync(TimeSpan? grace = null)
    {
        core.VerifyAccess("Subprocess.StopAsync");
        var patience = grace ?? Command.StopGrace;
        LoopCanceledException? canceled = null;
        if (status is null)
        {
            try
            {
                await EndWithin(patience);
            }
            catch (LoopCanceledException cancellation)
            {
                canceled = cancellation;
            }

            if (status is null)
            {
                KillAll();
                await Killed();
            }
        }

        KillGroup();
        return canceled is null ? status!.Value : throw canceled;
    }

    /// <summary>Closes its input, stops it if it is running, and closes the pipes: no process, no zombie and no descriptor is left.</summary>
    /// <remarks><b>Cancellation:</b> shielded, so it also works in a cancelled scope; a scope whose grace ends makes it kill at once.</remarks>
    public ValueTask DisposeAsync()
    {
        if (closed is { IsSet: true } || core.Loop.IsClosed)
        {
            return default;
        }

        core.VerifyAccess("Subprocess.DisposeAsync");
        return new ValueTask(CloseAsync().AsTask());
    }

    /// <summary>In the task that awaits it, and shielded.</summary>
    private async Coroutine CloseAsync()
    {
        if (closed is not null)
        {
            await Shielded(closed.WaitAsync);
            return;
        }

        closed = new AsyncEvent();
        input?.Close();
        try
        {
            if (status is null)
            {
                await Shielded(async Coroutine () => await StopAsync());
            }
        }
        finally
        {
            KillGroup();
            drain?.Cancel();
            output?.Close();
            error?.Close();
            if (status is not null)
            {
                Release();
            }

            closed.Set();
        }
    }

    private async Coroutine EndWithin(TimeSpan patience)
    {
        if (patience == TimeSpan.Zero)
        {
            return;
        }

        // What job control has stopped receives nothing but SIGKILL before it continues.
        SendToOwn(SignalNumbers.Of(Command.StopSignal));
        SendToOwn(SignalNumbers.Continue);
        try
        {
            await Loop.WaitFor(exited.WaitAsync(), patience);
        }
        catch (TimeoutException)
        {
            // It responds to nothing but SIGKILL.
        }
    }

    private void SendToOwn(int signal)
    {
        if (OwnsGroup)
        {
            device.SendToGroup(signal);
        }
        else
        {
            device.Send(signal);
        }
    }

    // What was killed is gone in a moment.
    private async Coroutine Killed()
    {
        if (status is null)
        {
            var wait = new UninterruptibleWait($"end of {this}");
            firmWaits.Add(wait);
            await wait;
        }
    }

    private void KillAll()
    {
        if (!released && device.Peek() is null)
        {
            SignalTree(SignalNumbers.Kill);
        }
    }

    private void KillGroup()
    {
        if (OwnsGroup && !released)
        {
            device.SendToGroup(SignalNumbers.Kill);
        }
    }

    private static async Coroutine Shielded(Func<Coroutine> body) => await new CancelScope(shield: true).RunAsync(body);
}
