namespace EventLoop.Tests.Support;

/// <summary>Tests that touch what the whole process shares (standard error, environment, the garbage collector's finalizers) run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWide
{
    public const string Name = "Process-wide state";
}
