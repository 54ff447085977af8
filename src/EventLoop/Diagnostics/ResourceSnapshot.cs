namespace EventLoop.Diagnostics;

/// <summary>Something that was <see cref="NamedResources.Named"/> and has figures: a queue, a channel, a limiter, a connection, a server.</summary>
/// <param name="Kind">What it is to those who wait for it.</param>
/// <param name="Name">The one that it was given.</param>
/// <param name="Count">Items in it; of a limiter the tokens that are lent, of a connection the bytes that are not sent yet,
/// of a server its connections.</param>
/// <param name="Capacity">How many that may be; null: there is no bound.</param>
/// <param name="PeakCount">The most that <paramref name="Count"/> has been.</param>
/// <param name="Waiting">Who waits: for an item or for room, for a token.</param>
/// <param name="PeakWaiting">The most that have waited at once.</param>
public sealed record ResourceSnapshot(WaitKind Kind, string Name, long Count, long? Capacity, long PeakCount, int Waiting, int PeakWaiting)
{
    /// <summary>In one line.</summary>
    public override string ToString() => PlainText.Escape($"{Kind.ToString().ToLowerInvariant()} '{Name}': "
        + $"{Count}{(Capacity is { } most ? $" of {most}" : "")} (peak {PeakCount}), {Waiting} waiting (peak {PeakWaiting})");
}
