namespace Soak;

/// <summary>What one side did or saw, by manners; the two have to agree.</summary>
internal sealed class Account
{
    public static readonly int Kinds = (int)Manners.Report;

    public long[] Connections { get; init; } = new long[Kinds];

    /// <summary>Frames that went from the client to the server, whole and right, for all but reset connections.</summary>
    public long[] Frames { get; init; } = new long[Kinds];

    /// <summary>Resets that arrived as errors.</summary>
    public long[] Resets { get; init; } = new long[Kinds];

    public IEnumerable<string> Differences(Account server)
    {
        for (int kind = 0; kind < Kinds; kind++)
        {
            var manners = (Manners)kind;
            if (Connections[kind] != server.Connections[kind])
                yield return $"{manners}: {Connections[kind]} connections were made, {server.Connections[kind]} were served";
            if (Frames[kind] != server.Frames[kind])
                yield return $"{manners}: {Frames[kind]} frames were sent, {server.Frames[kind]} arrived";
        }
    }

    public override string ToString() => string.Join(", ", Enumerable.Range(0, Kinds).Select(kind => $"{(Manners)kind} {Connections[kind]}"));
}
