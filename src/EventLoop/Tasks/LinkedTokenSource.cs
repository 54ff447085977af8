using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>
/// The source of the token of a scope or of a task; it fires with the one around it. Here, and nowhere else, callbacks are run that others have registered on
/// such a token.
/// </summary>
/// <remarks>Loop thread only.</remarks>
internal sealed class LinkedTokenSource : CancellationTokenSource
{
    private CancellationTokenRegistration link;
    private List<CancellationToken>? carried;      // of sources inside, which have fired with this one

    /// <summary>Fires with <paramref name="outer"/>, and no longer with what it was linked to before.</summary>
    /// <param name="outer">If it has fired already, <paramref name="fire"/> is called at once.</param>
    /// <param name="fire">Leads to <see cref="Fire"/>.</param>
    internal void LinkTo(CancellationToken outer, Action fire)
    {
        link.Unregister();
        link = outer.UnsafeRegister(static fire => ((Action)fire!)(), fire);
    }

    /// <summary>One inside fires with this one: from now on an exception with its token tells of this one.</summary>
    internal void Carry(LinkedTokenSource inside)
    {
        (carried ??= []).Add(inside.Token);
        carried.AddRange(inside.carried ?? []);
    }

    /// <summary>It has fired, and an exception with <paramref name="token"/> tells of that.</summary>
    internal bool Explains(CancellationToken token) => IsCancellationRequested && (token == Token || carried?.Contains(token) == true);

    /// <summary>Fires, as a plain callback whoever asks for it, and hands what the callbacks throw to the exception handler.</summary>
    /// <param name="core">Whose handler it is, whether that loop runs or not. Null: there is none, and the caller gets it.</param>
    internal void Fire(LoopCore? core)
    {
        if (IsCancellationRequested)
        {
            return;
        }

        if (LoopCore.Running is { } running)
        {
            running.RunAside(static fired => fired.Source.CallBack(fired.Core), (Source: this, Core: core ?? running));
        }
        else
        {
            CallBack(core);
        }
    }

    protected override void Dispose(bool disposing)
    {
        link.Unregister();
        base.Dispose(disposing);
    }

    private void CallBack(LoopCore? core)
    {
        try
        {
            Cancel();
        }
        catch (AggregateException failures) when (core is not null)
        {
            core.Loop.OnCallbackFailed(failures);
        }
    }
}
