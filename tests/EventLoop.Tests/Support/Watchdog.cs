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
        Loop[] loops;
        lock (_loops)
        {
            loops = [.. _loops];
        }

        if (_bites++ > 0)
        {
            string where = loops.All(static loop => loop.IsClosed) ? "its loops are closed, and its own thread waits" : "a loop does not leave";
            string text = $"The test '{_test}' hangs: {where}.\n"
                + $"{string.Join('\n', loops.Select(Describe))}\nBefore that: {Report}\nThreads:\n{Threads()}";
            Console.Error.WriteLine(text);      // the file is for runners that lose what a process says before it dies
            File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "hangs.txt"), text);
            Environment.FailFast(text);
        }

        _timer.Change(Limit, System.Threading.Timeout.InfiniteTimeSpan);
        foreach (var loop in loops)
        {
            Expel(loop);
        }
    }

    private void Expel(Loop loop)
    {
        Report += Describe(loop) + "; ";
        try
        {
            loop.Post(static () => throw new LoopExitException(ExitCode));
        }
        catch (ObjectDisposedException)
        {
            // This loop is not the one that hangs.
        }
    }

    // What it reads may change meanwhile.
    private static string Describe(Loop loop)
    {
        try
        {
            var tasks = loop.Tasks.Select(static task => $"{task.Name}: {task.Status} on {task.WaitingOn}");
            return $"{loop.Name}{(loop.IsClosed ? " (closed)" : "")}: {string.Join("; ", tasks)} ({loop.Core.SleepState})";
        }
        catch (Exception failure)
        {
            return $"{loop.Name}: {failure.Message}";
        }
    }

    // What each thread of the process waits for in the kernel.
    private static string Threads() =>
        Directory.Exists("/proc/self/task") ? string.Join('\n', Directory.EnumerateDirectories("/proc/self/task").Select(ThreadIn)) : "";

    private static string ThreadIn(string folder)
    {
        return $"{Path.GetFileName(folder)} {Read("comm")}: {Read("wchan")}, call {Read("syscall")}";

        string Read(string name)
        {
            try
            {
                return File.ReadAllText(Path.Combine(folder, name)).Trim();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return "?";
            }
        }
    }
}
