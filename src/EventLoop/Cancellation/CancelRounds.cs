namespace EventLoop.Cancellation;

/// <summary>
/// Passes a cancellation along a chain of awaited tasks: by a list and not by recursion (CPython overflows on a long chain, and .NET would lose the process),
/// each task once in a round, so that cycles terminate. Loop thread only.
/// </summary>
internal sealed class CancelRounds
{
    private readonly List<LoopTask> round = [];
    private bool running;

    internal void Run(LoopTask task)
    {
        if (task.EnterCancelRound())
        {
            round.Add(task);
        }

        if (running)
        {
            return;
        }

        running = true;
        LoopTask[] ended;
        try
        {
            PassOn();
        }
        finally
        {
            running = false;
            ended = [.. round];
            round.Clear();
        }

        foreach (var each in ended)
        {
            each.LeaveCancelRound();
        }
    }

    private void PassOn()
    {
        for (int i = 0; i < round.Count; i++)
        {
            // What it awaits is cancelled through it.
            var core = round[i].Core;
            var trail = CancelTrail.IsHeard(core) ? CancelTrail.Of(round[i]) : null;
            using (new CancelTrail.Under(core, trail?.Then(core, round[i].Label, round[i].Id, trail.Reason)))
            {
                round[i].InterruptWaits();
            }
        }
    }
}
