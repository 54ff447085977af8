using System.Runtime.CompilerServices;
using EventLoop.Testing;
using EventLoop.Testing.Running;
using EventLoop.Testing.Xunit;
using Xunit;
using Xunit.v3;

namespace EventLoop;

/// <summary>A test that runs on a fresh loop, with virtual time: its body is a <see cref="Coroutine"/>, a <see cref="Task"/>, or void.</summary>
/// <param name="sourceFilePath">Set by the compiler.</param>
/// <param name="sourceLineNumber">Set by the compiler.</param>
/// <remarks>It fails as <see cref="TestLoop.Run(Func{Coroutine}, TestLoopOptions?)"/> does: also on deadlocks, tasks left running, unretrieved failures,
/// unawaited coroutines, or a blocked loop thread. <c>Timeout</c> limits each run, in milliseconds of real time, as for any fact; 0: 30 seconds.</remarks>
[XunitTestCaseDiscoverer(typeof(LoopFactDiscoverer))]
[AttributeUsage(AttributeTargets.Method)]
public sealed class LoopFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
    : FactAttribute(sourceFilePath, sourceLineNumber), ILoopTest
{
    /// <summary>The clock; virtual by default.</summary>
    public TestClock Clock { get; set; }

    /// <summary>How many schedules it is run under, each on a fresh loop with a fresh test object; 0: once, first in, first out.</summary>
    public int Seeds { get; set; }

    /// <summary>The first seed; alone, only that schedule. The message of a failure names the one to set here.</summary>
    public int Seed { get; set; } = -1;

    /// <summary>Whether tasks that the test leaves running are silently cancelled.</summary>
    public bool AllowRunningTasks { get; set; }

    /// <summary>Whether the loop is in debug mode: reports say where each thing was made, at the cost of a stack walk for each.</summary>
    public bool Debug { get; set; }

    bool ILoopTest.RealTime => Clock == TestClock.Real;
}
