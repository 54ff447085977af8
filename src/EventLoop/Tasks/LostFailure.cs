using EventLoop.Coroutines;
using EventLoop.Reporting;

namespace EventLoop.Tasks;

/// <summary>The failure of a task or future, as long as nobody has retrieved it.</summary>
internal sealed class LostFailure(Failure failure, LoopAwaitable of)
    : LossWatch(of.Loop.Losses,
        of.Loop.Losses.Open($"The exception of {of.Label} was never retrieved. Await it, or look at its Exception", failure.Exception, of, of.CreatedAt))
{
    internal Failure Failure { get; } = failure;
}
