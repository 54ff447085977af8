namespace EventLoop.Scheduling;

/// <summary>A step with no context at all, in which library code of others resumes: .NET would push its
/// continuations to the thread pool where there is one.</summary>
/// <param name="run">Never throws.</param>
/// <param name="rejected">Instead, on whichever thread, when the loop is closed; null: nothing is left to do then.</param>
internal sealed class RawStep(Action run, Action? rejected = null) : LoopItem
{
    internal override void Execute() => run();

    internal override void OnRejected(LoopCore core) => rejected?.Invoke();

    /// <summary>Now, on the loop's thread; else as a step of its own.</summary>
    internal static void OnLoop(LoopCore core, Action run)
    {
        if (ReferenceEquals(LoopCore.Running, core))
        {
            run();
        }
        else
        {
            core.Arrive(new RawStep(run));
        }
    }
}
