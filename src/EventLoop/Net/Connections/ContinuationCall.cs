namespace EventLoop.Net.Connections;

/// <summary>A continuation and its argument, packed for ExecutionContext.Run.</summary>
[StackTraceHidden]
internal static class ContinuationCall
{
    internal static readonly ContextCallback Run = static packed =>
    {
        var (run, state) = ((Action<object?>, object?))packed!;
        run(state);
    };
}
