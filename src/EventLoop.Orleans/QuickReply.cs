using EventLoop.Orleans.Grains;

namespace EventLoop.Orleans;

/// <summary>The response to one piece that was sent with others, or the failure of the call.</summary>
/// <param name="Reply">Null: the call failed.</param>
/// <param name="Failure">Null: it did not.</param>
/// <param name="Deal">Where it was sent; null: nowhere.</param>
internal readonly record struct QuickReply(WorkReply? Reply, Exception? Failure, SiloDeal? Deal);
