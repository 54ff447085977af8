using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>Called after each step, with the context it belonged to. Loop thread only.</summary>
internal sealed class StepInstrument(Action<LoopContext?> told) : Instrument
{
    internal override void OnStepEnd(in HeardStep step) => told(step.Context);
}
