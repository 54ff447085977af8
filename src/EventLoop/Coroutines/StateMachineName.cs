using EventLoop.Reporting;

namespace EventLoop.Coroutines;

/// <summary>The name of an async method, made once.</summary>
internal static class StateMachineName<TStateMachine>
{
    internal static readonly string Method = MethodNames.OfStateMachine(typeof(TStateMachine));

    /// <summary>Whether it only calls what is of interest to people.</summary>
    internal static readonly bool IsPlumbing = PlumbingAttribute.Marks(typeof(TStateMachine));
}
