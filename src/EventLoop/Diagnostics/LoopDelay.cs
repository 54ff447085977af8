namespace EventLoop.Diagnostics;

/// <summary>How late a loop came to what had become ready since somebody asked last: how long timers, I/O and what other threads posted had to wait at most
/// until the loop looked at them.</summary>
/// <param name="Median">Of all looks.</param>
/// <param name="Percentile99">Of a hundred looks, ninety-nine came earlier.</param>
/// <param name="Most">The longest, that of the running step included.</param>
internal sealed record LoopDelay(TimeSpan Median, TimeSpan Percentile99, TimeSpan Most);
