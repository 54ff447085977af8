namespace EventLoop.Tests.Support;

/// <summary>
/// No test may hang the run. After the limit the watched loops are told to leave, so that the test fails with a list of what was
/// waiting and the others go on; a test that ignores even that takes the process down with its name.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    public const int ExitCode = 0x0DEAD;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);      // a busy machine may take its time

    private readonly string _test;
    private readonly List<Loop> _loops = [];
    private readonly Timer _timer;
    private int _bites;

    public Watchdog(string test)
    {
        _test = test;
        _timer = new Timer(static self => ((Watchdog)self!).Bite(), this, Limit, System.Threading.Timeout.InfiniteTimeSpan);
    }

    public string? Report { get; private set; }

    public void Watch(Loop loop)
    {
        lock (_loops)
        {
            _loops.Add(loop);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Bite()
    {
        if (_bites++ > 0)
        {
            string states;
            lock (_loops)
            {
                states = string.Join("; ", _loops.Select(static loop => $"{loop.Name}: {loop.Core.SleepState}"));
            }

            Environment.FailFast($"The test '{_test}' hangs and does not leave its loop ({states}). Before that: {Report}");
        }

        _timer.Change(Limit, System.Threading.Timeout.InfiniteTimeSpan);
        lock (_loops)
        {
            foreach (Loop loop in _loops)
            {
                Expel(loop);
            }
        }
    }

    private void Expel(Loop loop)
    {
        try
        {
            Report = string.Join("; ", loop.Tasks.Select(static task => $"{task.Name}: {task.Status} on {task.WaitingOn}"))
                + $" ({loop.Core.SleepState})";
            loop.Post(static () => throw new LoopExitException(ExitCode));
        }
        catch (ObjectDisposedException)
        {
            // This loop is not the one that hangs.
        }
    }
}
