namespace EventLoop.Cancellation;

/// <summary>
/// Carries a cancellation along a chain of awaited tasks: by a list, not by recursion (CPython recurses and dies on a long chain, and .NET would lose the
/// process), each task once in a round, so that a cycle ends. Loop thread only.
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
        for (int i = 0; i < round.Count; i++)
        {
            round[i].InterruptWaits();
        }

        running = false;
        var ended = round.ToArray();
        round.Clear();
        foreach (var each in ended)
        {
            each.LeaveCancelRound();
        }
    }
}
