using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>Describes one silo after the other: the next call is answered by the next one.</summary>
[Alias("EventLoop.ISiloGrain")]
internal interface ISiloGrain : IGrainWithIntegerKey
{
    /// <summary>Describes the silo that the call comes to.</summary>
    [Alias("Describe"), ResponseTimeout(CallTime.Limit)]
    Task<SiloDescription> Describe();
}
