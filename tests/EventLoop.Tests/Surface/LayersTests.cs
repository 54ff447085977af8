using System.Text.RegularExpressions;

namespace EventLoop.Tests.Surface;

/// <summary>The table of rooms in docs/architecture.md says who may know whom; the compiled assembly is held to it, and it to the assembly.</summary>
public sealed partial class LayersTests
{
    private static readonly RoomReader House = RoomReader.Read(typeof(Loop).Assembly.Location);

    [Fact]
    public void No_room_uses_another_that_the_table_does_not_allow()
    {
        var allowed = Table();
        House.Uses.Where(use => !(allowed.TryGetValue(use.Key.From, out var known) && known.Contains(use.Key.To)))
            .Select(static use => $"{use.Key.From} may not use {use.Key.To}: {string.Join(", ", use.Value)}")
            .Should().BeEmpty();
    }

    [Fact]
    public void The_table_allows_nothing_that_no_room_needs()
    {
        var used = House.Uses.Keys.ToHashSet();
        Table().SelectMany(static row => row.Value.Select(to => (row.Key, to))).Where(arrow => !used.Contains(arrow)).Should().BeEmpty();
    }

    [Fact]
    public void Every_room_has_its_row() => Table().Keys.Should().BeEquivalentTo(House.Rooms);

    [Fact]
    public void The_reader_sees_what_signatures_instructions_and_generic_arguments_name()
    {
        House.Uses[("Loop", "Scheduling")].Should().Contain("Loop → LoopCore");
        House.Uses[("Coroutines", "Scheduling")].Should().Contain("CoroutineAwaiter → ContinuationNode");
        House.Rooms.Should().Contain(["Loop", "Scheduling", "Polling", "Tasks"]);
    }

    private static Dictionary<string, HashSet<string>> Table()
    {
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "architecture.md"));
        string table = page[page.IndexOf("<!-- layers:begin", StringComparison.Ordinal)..page.IndexOf("<!-- layers:end -->", StringComparison.Ordinal)];
        return Row().Matches(table).ToDictionary(
            static row => row.Groups[1].Value,
            static row =>
                Name().Matches(row.Groups[2].Value).Select(static name => name.Groups[1].Value).ToHashSet(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^\| `([^`]+)` \|[^|]*\|([^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Name();
}
