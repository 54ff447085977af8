namespace EventLoop.Tests.Support;

/// <summary>How many threads were inside at once, at most.</summary>
internal sealed class Headcount
{
    private readonly Lock _gate = new();
    private int _inside;

    internal int Most { get; private set; }

    internal void Enter()
    {
        lock (_gate)
        {
            Most = Math.Max(Most, ++_inside);
        }
    }

    internal void Leave()
    {
        lock (_gate)
        {
            _inside--;
        }
    }
}
