namespace EventLoop.Cancellation;

/// <summary>
/// Passes a cancellation along a chain of awaited tasks: by a list and not by recursion (CPython overflows on a long chain, and .NET would lose the process),
/// each task once in a round, so that cycles terminate. Loop thread only.
/// </summary>
internal sealed class CancelRounds
{
    private readonly List<(LoopTask Task, long Since)> round = [];      // since: what had been delivered when it came in
    private bool running;

    internal void Run(LoopTask task)
    {
        if (task.EnterCancelRound())
        {
            round.Add((task, task.Core.Deliveries));
        }

        if (running)
        {
            return;
        }

        running = true;
        try
        {
            PassOn();
        }
        finally
        {
            running = false;
            var ended = round.ToArray();
            round.Clear();
            foreach (var (each, since) in ended)
            {
                each.LeaveCancelRound(since);
            }
        }
    }

    private void PassOn()
    {
        for (int i = 0; i < round.Count; i++)
        {
            // What it awaits is cancelled through it.
            var task = round[i].Task;
            var core = task.Core;
            var trail = CancelTrail.IsHeard(core) ? CancelTrail.Of(task) : null;
            using (new CancelTrail.Under(core, trail?.Then(core, task.Label, task.Id, trail.Reason)))
            {
                task.InterruptWaits();
            }
        }
    }
}
