using EventLoop.Tests.Surface;

namespace EventLoop.AspNetCore.Tests;

/// <summary>The public surface of the package, and the tests that its page names.</summary>
public sealed class SurfaceTests
{
    [Fact]
    public void The_public_surface_is_the_approved_one() => ApprovedSurface.Check(typeof(EventLoopWebExtensions).Assembly);

    [Fact]
    public void Every_test_that_the_page_names_exists_and_runs() => NamedTests.Exist("web.md", atLeast: 62);
}
