using System.Text.RegularExpressions;

namespace EventLoop.Data.Tests;

/// <summary>docs/data.md names a test for each promise.</summary>
public sealed class DocumentTests
{
    [Fact]
    public void Every_test_that_the_page_names_exists()
    {
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data.md"));
        string promises = page[page.IndexOf("## Promises of the tests", StringComparison.Ordinal)..];
        string[] named = [.. Regex.Matches(promises, "`([A-Z][a-z]*_[A-Za-z0-9_]+)`").Select(static match => match.Groups[1].Value)];
        named.Should().HaveCountGreaterThan(8);
        named.Except(typeof(SqlContract).GetMethods().Select(static method => method.Name)).Should().BeEmpty();
    }
}
