namespace EventLoop.Diagnostics;

/// <summary>Something in a snapshot that looks wrong.</summary>
/// <param name="Kind">What kind of problem.</param>
/// <param name="Severity">How severe it is.</param>
/// <param name="Message">The problem in words, with names.</param>
/// <param name="Advice">What to do about it, in one sentence.</param>
/// <param name="Tasks">The tasks concerned.</param>
public sealed record Finding(FindingKind Kind, FindingSeverity Severity, string Message, string Advice, IReadOnlyList<int> Tasks);
