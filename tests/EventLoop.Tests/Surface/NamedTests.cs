using System.Reflection;
using System.Text.RegularExpressions;
using Xunit.v3;

namespace EventLoop.Tests.Surface;

/// <summary>A page that says which tests hold its promises.</summary>
internal static class NamedTests
{
    /// <summary>Fails where the page names something that is no test of this assembly, or is one that never runs, or names hardly any.</summary>
    /// <param name="page">Its file, in the output of the test project.</param>
    /// <param name="atLeast">How many different ones it has to name: a little less than it does.</param>
    internal static void Exist(string page, int atLeast)
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, page));
        string[] named = [.. Regex.Matches(text, "`([A-Za-z0-9]+Tests?\\.[A-Za-z0-9_]+)`").Select(static match => match.Groups[1].Value).Distinct()];
        HashSet<string> running = [.. typeof(NamedTests).Assembly.GetTypes().Where(static type => !type.IsAbstract).SelectMany(TestsOf)];
        named.Should().HaveCountGreaterThanOrEqualTo(atLeast);
        named.Except(running).Should().BeEmpty("each that is named has to be a test that runs");
    }

    // Those that it inherits as well, under its own name and those of all classes from which it has them.
    private static IEnumerable<string> TestsOf(Type type) =>
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance)
        where method.GetCustomAttributes().OfType<IFactAttribute>().Any(static fact => (fact.Skip, fact.SkipUnless, fact.SkipWhen) is (null, _, _) or not (_, null, null))
        from name in NamesFor(type, method.DeclaringType!)
        select $"{name}.{method.Name}";

    private static IEnumerable<string> NamesFor(Type? type, Type last)
    {
        for (; type is not null; type = type.BaseType)
        {
            yield return type.Name.Split('`')[0];
            if (type == last)
            {
                yield break;
            }
        }
    }
}
