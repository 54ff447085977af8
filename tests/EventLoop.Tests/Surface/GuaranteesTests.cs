using System.Reflection;
using System.Text.RegularExpressions;

namespace EventLoop.Tests.Surface;

/// <summary>docs/guarantees.md names a test for each promise; this one holds the page to that.</summary>
public sealed class GuaranteesTests
{
    [Fact]
    public void Every_test_that_the_guarantees_name_exists()
    {
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "guarantees.md"));
        string[] named = [.. Regex.Matches(page, "`([A-Za-z]+Tests\\.[A-Za-z0-9_]+)`").Select(static match => match.Groups[1].Value).Distinct()];
        HashSet<string> existing = [.. typeof(GuaranteesTests).Assembly.GetTypes()
            .SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance).Select(method => $"{type.Name}.{method.Name}"))];

        named.Should().HaveCountGreaterThan(20);
        named.Except(existing).Should().BeEmpty();
    }
}
