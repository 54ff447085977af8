namespace EventLoop.Tool;

/// <summary>The exit code of the process.</summary>
internal enum ExitCode
{
    Fine = 0,
    Findings = 1,
    Usage = 2,
    NoSuchProcess = 3,
    NoPermission = 4,
    NoPort = 5,
    NoEventLoop = 6,
    NoAnswer = 7,
    TargetEnded = 8,
}
