namespace EventLoop.Benchmarks.Comparison;

/// <summary>The part of a job that needs a processor: a hash over a page, several times, one byte after the other.</summary>
internal static class Computing
{
    public static readonly byte[] Page = [.. Enumerable.Range(0, Options.PageSize).Select(i => (byte)i)];

    public static void Compute(ReadOnlySpan<byte> page, int passes)
    {
        ulong hash = 14695981039346656037;
        for (int pass = 0; pass < passes; pass++)
        {
            foreach (byte value in page)
            {
                hash = (hash ^ value) * 1099511628211;
            }
        }

        Volatile.Write(ref result, hash);
    }

    // Somebody might read it: the loop above is not optimized away.
    private static ulong result;
}
