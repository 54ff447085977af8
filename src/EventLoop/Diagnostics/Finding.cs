namespace EventLoop.Diagnostics;

/// <summary>Something in a snapshot that looks wrong.</summary>
/// <param name="Kind">What.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Message">In words, with names.</param>
/// <param name="Advice">What to do about it, in one sentence.</param>
/// <param name="Tasks">Those concerned.</param>
public sealed record Finding(FindingKind Kind, FindingSeverity Severity, string Message, string Advice, IReadOnlyList<int> Tasks);
