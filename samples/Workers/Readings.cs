using MemoryPack;

namespace Workers;

/// <summary>What one station has measured.</summary>
[MemoryPackable]
internal sealed partial record Readings(string Station, DateTime Begin, double[] Values);

/// <summary>What comes of it.</summary>
[MemoryPackable]
internal sealed partial record Summary(string Station, int Count, double Mean, double Highest, DateTime HighestAt);
