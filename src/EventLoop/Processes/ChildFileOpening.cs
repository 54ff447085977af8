using EventLoop.Native;
using EventLoop.Scheduling;

namespace EventLoop.Processes;

/// <summary>
/// Opens those of a child's files whose opening may block, above all FIFOs: on a thread of its own, so that neither the loop nor other starts are held up. A
/// cancelled opening leaves nothing behind.
/// </summary>
internal sealed class ChildFileOpening : LoopItem
{
    private const int TriesAtOnce = 200, TriesLater = 50;

    private readonly LoopCore core;
    private readonly ProcessCommand command;
    private readonly ChildStart start;
    private readonly LoopFuture over;
    private readonly Lock gate = new();      // of the two flags; held only for a moment
    private bool isOpened;
    private bool isGivenUp;
    private volatile List<int> places = [];
    private Exception? failure;

    private ChildFileOpening(LoopCore core, ProcessCommand command, ChildStart start)
    {
        this.core = core;
        this.command = command;
        this.start = start;
        over = core.Loop.CreateFuture();
        Context = core.BaseContext;
    }

    /// <summary>Does nothing for a command without such files.</summary>
    internal static async Coroutine Complete(LoopCore core, ProcessCommand command, ChildStart start)
    {
        if (!start.HasFiles)
        {
            return;
        }

        var opening = new ChildFileOpening(core, command, start);
        core.BeginFlight();
        SpawnThread.Post(opening.Look);
        bool isOver = false;
        try
        {
            await opening.over;
            isOver = opening.failure is null;
        }
        finally
        {
            if (!isOver)
            {
                opening.GiveUp();
            }
        }

        if (opening.failure is { } why)
        {
            throw why;
        }
    }

    internal override void Execute() => over.TrySetResult();

    internal override void OnRejected(LoopCore closed) => GiveUp();

    private void Look()
    {
        try
        {
            places = start.FindSpecialFiles();
            if (places.Count > 0)
            {
                new Thread(Open) { IsBackground = true, Name = $"EventLoop opening of {start.Streams[places[0]].Path}" }.UnsafeStart();
                return;
            }
        }
        catch (OutOfMemoryException none)
        {
            failure = new IOException($"'{command.FileName}' could not be started: the system has no thread left for it.", none);
        }
        catch (Exception other)
        {
            failure = other;      // on the thread of all starts it would end the process
        }

        Finish();
    }

    // On a thread of its own.
    private void Open()
    {
        try
        {
            OpenAll();
        }
        catch (Exception other)
        {
            failure = other;
        }

        Finish();
    }

    private void OpenAll()
    {
        foreach (int place in places)
        {
            lock (gate)
            {
                if (isGivenUp)
                {
                    return;
                }
            }

            if (start.OpenAhead(place) is not 0 and var error)
            {
                failure = CommandPreparation.Explain(command, error, start.OpeningOf(place));
                return;
            }
        }
    }

    private void Finish()
    {
        lock (gate)
        {
            isOpened = true;
            if (isGivenUp)
            {
                start.CloseAhead();
            }
        }

        core.Arrive(this);
        core.EndFlight();
    }

    private void GiveUp()
    {
        lock (gate)
        {
            isGivenUp = true;
            if (isOpened)
            {
                start.CloseAhead();
                return;
            }
        }

        SpawnThread.Post(Release);
    }

    // A thread that is blocked in the system call is released by opening the other end of the FIFO for a moment. Again, until it is out: it may have been just
    // before the call, and an attempt may fail for want of descriptors; where it cannot be opened at all
    // that is left. At first before any other start, because that may open the same FIFO, and would be
    // released in its place.
    private void Release()
    {
        for (int tries = 0; tries < TriesAtOnce; tries++)
        {
            if (IsOpened() || !places.All(start.Unblock))
            {
                return;
            }

            Thread.Sleep(1);
        }

        _ = Task.Run(ReleaseLater);
    }

    private async Task ReleaseLater()
    {
        for (int tries = 0; tries < TriesLater && !IsOpened() && places.All(start.Unblock); tries++)
        {
            await Task.Delay(100);
        }
    }

    private bool IsOpened()
    {
        lock (gate)
        {
            return isOpened;
        }
    }
}
