using EventLoop.Tests.Surface;

namespace EventLoop.Hosting.Tests;

/// <summary>The public surface of the package, and the tests that its readme names.</summary>
public sealed class SurfaceTests
{
    [Fact]
    public void The_public_surface_is_the_approved_one() => ApprovedSurface.Check(typeof(BackgroundLoopService).Assembly);

    [Fact]
    public void Every_test_that_the_readme_names_exists_and_runs() => NamedTests.Exist("README.md", atLeast: 18);
}
