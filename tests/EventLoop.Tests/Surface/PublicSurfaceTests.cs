namespace EventLoop.Tests.Surface;

/// <summary>Every public type and member of the library, against the text file beside this one: no change of the surface goes unseen.</summary>
public sealed class PublicSurfaceTests
{
    [Fact]
    public void The_public_surface_is_the_approved_one() => ApprovedSurface.Check(typeof(Loop).Assembly, "Surface");

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
