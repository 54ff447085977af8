namespace EventLoop.Scheduling;

/// <summary>A step without any context, in which foreign library code resumes: with a context, .NET would push its continuations to the thread pool.</summary>
/// <param name="run">Never throws.</param>
/// <param name="rejected">Called instead, on any thread, if the loop is closed; null: nothing.</param>
internal sealed class RawStep(Action run, Action? rejected = null) : LoopItem
{
    internal override void Execute()
    {
        LoopCore.Running!.ThreadContexts.RestoreFlow(null);      // of the step before it nothing is left
        run();
    }

    internal override void OnRejected(LoopCore core) => rejected?.Invoke();

    /// <summary>Runs it now, if on the loop's thread; otherwise as a step of its own.</summary>
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
