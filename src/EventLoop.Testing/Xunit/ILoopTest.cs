namespace EventLoop.Testing.Xunit;

/// <summary>What <see cref="LoopFactAttribute"/> and <see cref="LoopTheoryAttribute"/> have in common.</summary>
internal interface ILoopTest
{
    TestClock Clock { get; }

    int Timeout { get; }

    int Seeds { get; }

    int Seed { get; }

    bool AllowRunningTasks { get; }

    bool Debug { get; }
}
