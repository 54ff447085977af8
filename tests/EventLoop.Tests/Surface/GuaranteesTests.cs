namespace EventLoop.Tests.Surface;

/// <summary>docs/guarantees.md names a test for each promise; this one holds the page to that.</summary>
public sealed class GuaranteesTests
{
    [Fact]
    public void Every_test_that_the_guarantees_name_exists_and_runs() => NamedTests.Exist(Path.Combine("docs", "guarantees.md"), atLeast: 470);
}
