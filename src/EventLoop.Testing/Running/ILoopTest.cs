namespace EventLoop.Testing.Running;

/// <summary>The settings of a test's attribute, whichever framework it belongs to.</summary>
internal interface ILoopTest
{
    bool RealTime { get; }

    int Seeds { get; }

    int Seed { get; }

    bool AllowRunningTasks { get; }

    bool Debug { get; }
}
