using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>
/// The source of the token of a scope or of a task; it fires with the one around it. Here, and nowhere else, callbacks are run that others have registered on
/// such a token: off the loop, on the thread pool, because drivers block in them. Nothing of the library's own waits for that: it asks whether the token has fired.
/// </summary>
/// <remarks>Loop thread only.</remarks>
internal sealed class LinkedTokenSource : CancellationTokenSource
{
    private LinkedTokenSource? around;
    private LinkedTokenSource? firstInside;      // linked by their neighbours
    private LinkedTokenSource? previous;
    private LinkedTokenSource? next;

    /// <summary>Somebody other than the library has the token.</summary>
    internal bool IsHandedOut { get; private set; }

    internal CancellationToken HandOut(bool isForOthers)
    {
        IsHandedOut |= isForOthers;
        return Token;
    }

    /// <summary>Fires with <paramref name="outer"/>, and no longer with what it was linked to before.</summary>
    /// <param name="outer">If it has fired already, this fires at once.</param>
    /// <param name="core">As for <see cref="Fire"/>.</param>
    internal void LinkTo(LinkedTokenSource? outer, LoopCore? core)
    {
        Unlink();
        if (outer is null || IsCancellationRequested)
        {
            return;
        }

        if (outer.IsCancellationRequested)
        {
            Fire(core);
            return;
        }

        around = outer;
        next = outer.firstInside;
        if (next is not null)
        {
            next.previous = this;
        }

        outer.firstInside = this;
    }

    /// <summary>
    /// Fires, with all that are inside: each says so at once, before any callback is run. What callbacks throw goes to the exception handler.
    /// </summary>
    /// <param name="core">Whose handler it is. Null: no loop runs here, the callbacks run inside this call, and the caller gets what they throw.</param>
    internal void Fire(LoopCore? core)
    {
        if (IsCancellationRequested)
        {
            return;
        }

        List<LinkedTokenSource> all = [this];      // a list and no recursion: they are nested as deep as users like
        for (int i = 0; i < all.Count; i++)
        {
            for (var inside = all[i].firstInside; inside is not null; inside = inside.next)
            {
                all.Add(inside);
            }
        }

        foreach (var source in all)
        {
            source.Unlink();
            source.FireAlone(core);
        }
    }

    /// <summary>It will not be fired any more. One that has fired is left to the callbacks that are still to run.</summary>
    internal void End()
    {
        Unlink();
        if (!IsCancellationRequested)
        {
            Dispose();
        }
    }

    private void FireAlone(LoopCore? core)
    {
        if (core is null)
        {
            Cancel();
            return;
        }

        var callbacks = CancelAsync();
        if (!callbacks.IsCompletedSuccessfully)
        {
            core.BeginCallbacks();
            callbacks.ContinueWith(
                static (ended, on) => OnCalledBack(ended, (LoopCore)on!),
                core,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }

    // On the thread pool.
    private static void OnCalledBack(Task ended, LoopCore core)
    {
        if (ended.Exception is { InnerException: { } failures })
        {
            core.Loop.OnTokenCallbackFailed(failures);
        }

        core.EndCallbacks();
    }

    private void Unlink()
    {
        if (around is null)
        {
            return;
        }

        if (previous is not null)
        {
            previous.next = next;
        }
        else
        {
            around.firstInside = next;
        }

        if (next is not null)
        {
            next.previous = previous;
        }

        around = null;
        previous = null;
        next = null;
    }
}
