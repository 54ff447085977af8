using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>The silo that a piece of work was dealt to, where it counts as under way until it is given back.</summary>
/// <param name="Silo">The silo.</param>
/// <param name="Door">The way there.</param>
/// <param name="Place">Where on the silo it runs.</param>
internal readonly record struct SiloDeal(SiloShare Silo, IWorkerGrain Door, WorkPlace Place);
