using System.Diagnostics;
using EventLoop;

namespace CpuBound;

/// <summary>Stands for all else that lives on the loop: it wants to run every 10 ms and notes by how much it was late at worst.</summary>
internal sealed class Heartbeat
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private readonly Stopwatch _sinceLastBeat = new();
    private TimeSpan _longest;

    /// <summary>Counts the beat that is overdue now, too.</summary>
    public TimeSpan LongestPause
    {
        get
        {
            Note();
            return _longest;
        }
    }

    public async Coroutine BeatAsync()
    {
        while (true)
        {
            _sinceLastBeat.Restart();
            await Loop.Sleep(Interval);
            Note();
        }
    }

    private void Note()
    {
        TimeSpan late = _sinceLastBeat.Elapsed - Interval;
        if (late > _longest)
            _longest = late;
    }
}
