namespace EventLoop.Benchmarks.Comparison;

/// <summary>One measurement: this work, done in this way.</summary>
/// <param name="Job">io, mixed or cpu.</param>
/// <param name="Mode">The way.</param>
/// <param name="Concurrency">How many jobs may be under way at a time.</param>
/// <param name="Count">How many jobs there are.</param>
/// <param name="Port">The local server's.</param>
/// <param name="Delay">How many milliseconds it takes for a page.</param>
internal sealed record Plan(string Job, string Mode, int Concurrency, int Count, int Port, int Delay)
{
    public bool Fetches => Job != "cpu";

    /// <summary>How often a job goes over its page: 8 KiB take 8 µs or so.</summary>
    public int Passes => Job switch { "mixed" => 32, "cpu" => 640, _ => 0 };

    /// <summary>No way is faster: it waits only, and loses nothing. The computing has its own: all of it on all cores; not given here.</summary>
    public double IdealSeconds => Fetches ? Math.Ceiling((double)Count / Concurrency) * Delay / 1000.0 : 0;
}
