namespace EventLoop.Tests.Surface;

/// <summary>The limit that .editorconfig states for lines of code, which no compiler looks at.</summary>
public sealed class LineLengthTests
{
    [Fact]
    public void No_line_of_the_sources_is_longer_than_the_limit_of_the_editorconfig()
    {
        string? root = Root();
        Assert.SkipWhen(root is null, "The tests do not run from within the repository.");
        int limit = Limit(Path.Combine(root, ".editorconfig"));
        string[] sources =
        [
            .. Directory.EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories)
                .Where(static file => !file.Split(Path.DirectorySeparatorChar).Contains("obj")),
        ];
        sources.Should().NotBeEmpty();
        sources.SelectMany(file => File.ReadLines(file).Select((line, index) => (line.Length, Text: $"{Path.GetRelativePath(root, file)}:{index + 1}")))
            .Where(line => line.Length > limit)
            .Select(static line => $"{line.Text} has {line.Length} columns")
            .Should().BeEmpty();
    }

    private static int Limit(string file) =>
        int.Parse(File.ReadLines(file).Single(static line => line.StartsWith("max_line_length", StringComparison.Ordinal)).Split('=')[1],
            System.Globalization.CultureInfo.InvariantCulture);

    private static string? Root()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "EventLoop.sln")))
        {
            at = Path.GetDirectoryName(at);
        }

        return at;
    }
}
