using Xunit.Sdk;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>Finds the test cases of a <see cref="LoopTheoryAttribute"/>: those of any theory, run on loops.</summary>
public sealed class LoopTheoryDiscoverer : IXunitTestCaseDiscoverer
{
    private readonly TheoryDiscoverer theories = new();

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, IXunitTestMethod testMethod,
        IFactAttribute factAttribute) =>
        LoopTestCase.OnLoops(await theories.Discover(discoveryOptions, testMethod, factAttribute));
}
