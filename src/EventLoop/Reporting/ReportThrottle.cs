namespace EventLoop.Reporting;

/// <summary>Something that may happen very often: the first time is reported, then the tenth, the hundredth and so on, with their number. Any
/// thread.</summary>
internal struct ReportThrottle
{
    private long count;

    internal bool IsWorthTelling(out long number)
    {
        number = Interlocked.Increment(ref count);
        long rest = number;
        while (rest % 10 == 0)
        {
            rest /= 10;
        }

        return rest == 1;
    }

    /// <summary>" (1000 times by now)" at the end of a repeated report.</summary>
    internal static string InWords(long number) => number == 1 ? "" : $" ({number} times by now)";
}
