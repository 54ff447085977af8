using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>What a caller has to know of a silo in order to give it its share.</summary>
[GenerateSerializer, Immutable, Alias("EventLoop.SiloDescription")]
internal sealed class SiloDescription
{
    [Id(0)]
    public string Name { get; init; } = "";

    /// <summary>How many threads compute.</summary>
    [Id(1)]
    public int Workers { get; init; } = 1;
}
