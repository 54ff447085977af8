using System.Diagnostics;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>A loop as a person wants to see it at a breakpoint.</summary>
internal sealed class LoopDebugView(Loop loop)
{
    public string Name => loop.Name;

    public string State => loop.IsClosed ? "closed" : loop.IsRunning ? "running" : "not running";

    public LoopTask? CurrentTask => loop.Core.CurrentTask;

    public TimeSpan Time => TimeSpan.FromTicks(loop.Core.Clock.Now);

    /// <summary>The steps that are ready.</summary>
    public int Ready => loop.Core.Ready.Count;

    public int Timers => loop.Core.Timers.Count;

    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    public LoopTask[] Tasks => [.. loop.Core.Tasks.Snapshot()];
}
