namespace EventLoop.Orleans;

/// <summary>A silo does not have the function, or runs another version of the program; the message names both versions. Nothing was run.</summary>
public sealed class WorkRefusedException : InvalidOperationException
{
    internal WorkRefusedException(string message)
        : base(message)
    {
    }
}
