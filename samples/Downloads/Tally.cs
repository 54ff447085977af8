namespace Downloads;

/// <summary>Counts arrivals. It is locked for the threads' sake; on the loop nobody else could touch it anyway.</summary>
internal sealed class Tally
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _threads = [];
    private readonly List<string> _problems = [];
    private long _bytes;
    private int _pages;

    public int Pages { get { lock (_gate) return _pages; } }
    public long Bytes { get { lock (_gate) return _bytes; } }
    public int Threads { get { lock (_gate) return _threads.Count; } }
    public IReadOnlyList<string> Problems { get { lock (_gate) return [.. _problems]; } }

    public void Count(Arrival arrival)
    {
        lock (_gate)
        {
            _threads.Add(arrival.ThreadId);
            if (arrival.Problem is { } problem)
            {
                _problems.Add($"{arrival.Page.Address}: {problem}");
                return;
            }
            _pages++;
            _bytes += arrival.Bytes;
        }
    }
}
