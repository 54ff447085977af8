namespace Workers;

/// <summary>What jobs do. Static functions: a worker process finds them by their names.</summary>
internal static class Work
{
    /// <summary>Takes some time for each million.</summary>
    public static long Sum(int millions)
    {
        long sum = 0;
        for (long i = 0; i < 1_000_000L * millions; i++)
        {
            sum += i % 7;
        }

        return sum;
    }

    /// <summary>Records travel by <see cref="MemoryPackWork"/>.</summary>
    public static Summary Summarize(Readings readings)
    {
        double highest = readings.Values.Max();
        int minute = Array.IndexOf(readings.Values, highest);
        return new Summary(readings.Station, readings.Values.Length, readings.Values.Average(), highest, readings.Begin.AddMinutes(minute));
    }

    public static long Crash(int code)
    {
        Environment.FailFast("this job does what it should not");
        return code;
    }

    public static long Leak(int start)
    {
        List<byte[]> kept = [];
        while (true)
        {
            kept.Add(new byte[1_000_000]);
            kept[^1].AsSpan().Fill((byte)start);
        }
    }

    public static long Endless(int start)
    {
        while (true)
        {
            start++;
        }
    }
}
