namespace EventLoop.Scheduling;

/// <summary>The owner of the steps in a context: a task. To the engine it is something that has a number and ends. Any thread.</summary>
internal interface IStepOwner : ICompletion
{
    /// <summary>Unique within its loop.</summary>
    int Id { get; }
}
