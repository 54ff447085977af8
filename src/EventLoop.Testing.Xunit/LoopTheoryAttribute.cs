using System.Runtime.CompilerServices;
using EventLoop.Testing;
using EventLoop.Testing.Running;
using EventLoop.Testing.Xunit;
using Xunit;
using Xunit.v3;

namespace EventLoop;

/// <summary>A <see cref="LoopFactAttribute"/> with data: InlineData, MemberData, ClassData as for any theory.</summary>
/// <param name="sourceFilePath">Set by the compiler.</param>
/// <param name="sourceLineNumber">Set by the compiler.</param>
/// <remarks><inheritdoc cref="LoopFactAttribute" path="/remarks"/></remarks>
[XunitTestCaseDiscoverer(typeof(LoopTheoryDiscoverer))]
[AttributeUsage(AttributeTargets.Method)]
public sealed class LoopTheoryAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
    : TheoryAttribute(sourceFilePath, sourceLineNumber), ILoopTest
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
