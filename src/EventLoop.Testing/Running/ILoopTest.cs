namespace EventLoop.Testing.Running;

/// <summary>What the attribute of a test says, whichever framework it belongs to.</summary>
internal interface ILoopTest
{
    bool RealTime { get; }

    /// <summary>Milliseconds; 0: the default.</summary>
    int Timeout { get; }

    int Seeds { get; }

    int Seed { get; }

    bool AllowRunningTasks { get; }

    bool Debug { get; }
}
