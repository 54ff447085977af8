namespace EventLoop.IO;

/// <summary>Opens something on another thread, for a waiter who may be gone by then: what was opened nevertheless is closed.</summary>
/// <param name="open">On the other thread.</param>
/// <param name="close">On either thread.</param>
internal sealed class ThreadedOpening<T>(Func<T> open, Action<T> close)
{
    private const int Pending = 0, Opened = 1, GivenUp = 2;

    private int state;      // any thread, interlocked
    private T? opened;      // written before the state that says so

    /// <summary>Once. Done by the default executor.</summary>
    internal async Coroutine<T> Run()
    {
        try
        {
            return await Loop.ToThread(OpenHere);
        }
        catch
        {
            if (Interlocked.CompareExchange(ref state, GivenUp, Pending) == Opened)
            {
                close(opened!);      // it was on its way back
            }

            throw;
        }
    }

    private T OpenHere()
    {
        opened = open();
        if (Interlocked.CompareExchange(ref state, Opened, Pending) == GivenUp)
        {
            close(opened);
        }

        return opened;
    }
}
