using System.ComponentModel;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>A theory whose rows are made when it runs, each of them on a loop.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class LoopTheoryTestCase : XunitDelayEnumeratedTheoryTestCase
{
    /// <summary>For deserialization only.</summary>
    [Obsolete("For deserialization only")]
    public LoopTheoryTestCase()
    {
    }

    internal LoopTheoryTestCase(XunitDelayEnumeratedTheoryTestCase found)
        : base(
            found.TestMethod, found.TestCaseDisplayName, found.UniqueID, found.Explicit, found.SkipTestWithoutData, found.SkipExceptions, found.SkipReason,
                found.SkipType, found.SkipUnless,
            found.SkipWhen, found.Traits, found.SourceFilePath, found.SourceLineNumber, found.Timeout)
    {
    }

    /// <inheritdoc/>
    public override async ValueTask<IReadOnlyCollection<IXunitTest>> CreateTests() => LoopTestCase.OnLoops(await base.CreateTests());
}
