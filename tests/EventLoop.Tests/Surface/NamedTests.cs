using System.Reflection;
using System.Text.RegularExpressions;

namespace EventLoop.Tests.Surface;

/// <summary>A page that says which tests hold its promises.</summary>
internal static class NamedTests
{
    /// <summary>Fails where the page names a test that this assembly does not have, or hardly any.</summary>
    /// <param name="page">Its file, in the output of the test project.</param>
    /// <param name="atLeast">How many different ones it has to name.</param>
    internal static void Exist(string page, int atLeast)
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, page));
        string[] named = [.. Regex.Matches(text, "`([A-Za-z]+Tests\\.[A-Za-z0-9_]+)`").Select(static match => match.Groups[1].Value).Distinct()];
        HashSet<string> existing = [.. typeof(NamedTests).Assembly.GetTypes()
            .SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance).Select(method => $"{type.Name}.{method.Name}"))];
        named.Should().HaveCountGreaterThanOrEqualTo(atLeast);
        named.Except(existing).Should().BeEmpty();
    }
}
