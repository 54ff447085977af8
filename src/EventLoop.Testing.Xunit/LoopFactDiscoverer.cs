using Xunit.Sdk;
using Xunit.v3;

namespace EventLoop.Testing.Xunit;

/// <summary>Finds the test case of a <see cref="LoopFactAttribute"/>: that of any fact, run on a loop.</summary>
public sealed class LoopFactDiscoverer : IXunitTestCaseDiscoverer
{
    private readonly FactDiscoverer facts = new();

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<IXunitTestCase>> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, IXunitTestMethod testMethod,
        IFactAttribute factAttribute) =>
        LoopTestCase.OnLoops(await facts.Discover(discoveryOptions, testMethod, factAttribute));
}
