using System.ComponentModel;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>A test, or one row of a theory, that runs on a loop.</summary>
/// <remarks>
/// Everything that an ordinary case does is left to xunit; only the method that is finally called is another one (<see cref="LoopMethod"/>). So nothing here
/// depends on how a generation of xunit v3 runs a case, which has changed between them.
/// </remarks>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class LoopTestCase : XunitTestCase
{
    /// <summary>For deserialization only.</summary>
    [Obsolete("For deserialization only")]
    public LoopTestCase()
    {
    }

    private LoopTestCase(XunitTestCase found)
        : base(
            found.TestMethod, found.TestCaseDisplayName, found.UniqueID, found.Explicit, found.SkipExceptions, found.SkipReason, found.SkipType,
                found.SkipUnless, found.SkipWhen, found.Traits,
            found.TestMethodArguments, found.SourceFilePath, found.SourceLineNumber, found.Timeout)
    {
    }

    /// <summary>The cases that xunit found, except those that only report why there is none.</summary>
    internal static IReadOnlyCollection<IXunitTestCase> OnLoops(IReadOnlyCollection<IXunitTestCase> found) =>
        [.. found.Select(static one => one switch
        {
            XunitDelayEnumeratedTheoryTestCase theory when theory.GetType() == typeof(XunitDelayEnumeratedTheoryTestCase) => new LoopTheoryTestCase(theory),
            XunitTestCase test when test.GetType() == typeof(XunitTestCase) => new LoopTestCase(test),
            _ => one,
        })];

    /// <inheritdoc/>
    public override async ValueTask<IReadOnlyCollection<IXunitTest>> CreateTests() => OnLoops(await base.CreateTests());

    // The framework sees no time limit, because a loop keeps it, once for each run.
    internal static IReadOnlyCollection<IXunitTest> OnLoops(IReadOnlyCollection<IXunitTest> tests) =>
        [.. tests.Select(static (one, index) => one is XunitTest test && test.TestMethod.Method is not LoopMethod
            ? new XunitTest(
                test.TestCase, LoopMethod.InPlaceOf(test), test.Explicit, test.SkipReason, test.SkipType, test.SkipUnless, test.SkipWhen,
                    test.TestDisplayName, index, test.Traits, 0,
                test.TestMethodArguments)
            : one)];
}
