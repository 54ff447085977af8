using Xunit.Sdk;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>Finds the one test case of a <see cref="LoopFactAttribute"/>.</summary>
public sealed class LoopFactDiscoverer : IXunitTestCaseDiscoverer
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, IXunitTestMethod testMethod, IFactAttribute factAttribute)
    {
        var details = TestIntrospectionHelper.GetTestCaseDetails(discoveryOptions, testMethod, factAttribute);
        return new([LoopTestCase.Of(details.ResolvedTestMethod, details.TestCaseDisplayName, details.UniqueID, details.Explicit, details.SkipExceptions, details.SkipReason, details.SkipType,
            details.SkipUnless, details.SkipWhen, details.SourceFilePath, details.SourceLineNumber, testMethod, null)]);
    }
}
