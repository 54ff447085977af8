using System.Reflection;
using System.Text.RegularExpressions;
using EventLoop.Tests.Surface;

namespace EventLoop.Hosting.Tests;

/// <summary>The public surface of the package, against the text file beside this one.</summary>
public sealed class SurfaceTests
{
    [Fact]
    public void The_public_surface_is_the_approved_one()
    {
        string approvedPath = Path.Combine(AppContext.BaseDirectory, "PublicSurface.approved.txt");
        string receivedPath = Path.Combine(AppContext.BaseDirectory, "PublicSurface.received.txt");
        string received = SurfacePrinter.Print(typeof(BackgroundLoopService).Assembly);
        string approved = File.Exists(approvedPath) ? File.ReadAllText(approvedPath).ReplaceLineEndings("\n") : "";
        File.WriteAllText(receivedPath, received);
        received.Should().Be(approved,
            $"a change that is meant is accepted with  cp '{receivedPath}' tests/EventLoop.Hosting.Tests/PublicSurface.approved.txt");
    }

    [Fact]
    public void Every_test_that_the_readme_names_exists()
    {
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));
        string[] named = [.. Regex.Matches(page, "`([A-Za-z]+Tests\\.[A-Za-z0-9_]+)`").Select(static match => match.Groups[1].Value).Distinct()];
        HashSet<string> existing = [.. typeof(SurfaceTests).Assembly.GetTypes()
            .SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance).Select(method => $"{type.Name}.{method.Name}"))];
        named.Should().HaveCountGreaterThan(10);
        named.Except(existing).Should().BeEmpty();
    }
}
