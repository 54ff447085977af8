namespace EventLoop.Tests.Surface;

/// <summary>Every public type and member of the library, against the text file beside this one: no change of the surface goes unseen.</summary>
public sealed class PublicSurfaceTests
{
    private const string Approved = "PublicSurface.approved.txt";
    private const string Received = "PublicSurface.received.txt";

    [Fact]
    public void The_public_surface_is_the_approved_one()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Surface");
        string approvedPath = Path.Combine(folder, Approved);
        string receivedPath = Path.Combine(folder, Received);
        string received = SurfacePrinter.Print(typeof(Loop).Assembly);
        string approved = File.Exists(approvedPath) ? File.ReadAllText(approvedPath).ReplaceLineEndings("\n") : "";
        if (received == approved)
        {
            File.Delete(receivedPath);
            return;
        }

        Directory.CreateDirectory(folder);
        File.WriteAllText(receivedPath, received);
        string[] before = approved.Split('\n');
        string[] after = received.Split('\n');
        IEnumerable<string> gone = before.Except(after).Select(static line => "- " + line.Trim());
        IEnumerable<string> come = after.Except(before).Select(static line => "+ " + line.Trim());
        Assert.Fail(
            $"""
            The public surface has changed:
            {string.Join('\n', gone.Concat(come).Take(60))}
            If that is meant, accept it with
              cp '{receivedPath}' tests/EventLoop.Tests/Surface/{Approved}
            """);
    }

    [Fact]
    public void The_printer_shows_what_a_caller_can_see()
    {
        string surface = SurfacePrinter.Print(typeof(PublicSurfaceTests).Assembly);

        surface.Should().Contain("class EventLoop.Tests.Surface.PublicSurfaceTests")
            .And.Contain("void The_printer_shows_what_a_caller_can_see()")
            .And.NotContain("SurfacePrinter", "it is internal");
    }

    [Fact]
    public void The_library_has_one_namespace_and_one_name()
    {
        typeof(Loop).Assembly.GetName().Name.Should().Be("EventLoop");
        typeof(Loop).Assembly.GetExportedTypes().Select(static type => type.Namespace).Distinct()
            .Should().OnlyContain(static name => name == "EventLoop" || name!.StartsWith("EventLoop."));
    }
}
