using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>Is called after each step, with the context that it belonged to. Loop thread only.</summary>
internal sealed class StepInstrument(Action<LoopContext?> told) : Instrument
{
    internal override void OnStepEnd(in HeardStep step) => told(step.Context);
}
