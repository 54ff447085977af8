namespace EventLoop.Samples.Sql;

/// <summary>What differs from one database to the other.</summary>
internal sealed record Dialect
{
    /// <summary>A query that takes so many seconds.</summary>
    public required Func<double, FormattableString> SleepText { get; init; }

    /// <summary>The numbers from 1 on, a row each.</summary>
    public required Func<int, string> Series { get; init; }

    public required string ConnectionId { get; init; }

    public string Sleep(double seconds) => FormattableString.Invariant(SleepText(seconds));
}
