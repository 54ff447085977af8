using System.Runtime.InteropServices;
using EventLoop.Tests.Net;

namespace EventLoop.Tests.Processes;

/// <summary>What every test of child processes starts from. Afterwards there are no children of this
/// process, running or dead, that were not there before.</summary>
[Collection(IoTests.Name)]
[RealTime("its children are the system's")]
public abstract class ProcessTest : LoopTest
{
    // Tests send these to this process. One that came when nobody listens any more would end all tests without a word.
    private static readonly PosixSignalRegistration[] Harmless =
        [.. new[] { PosixSignal.SIGHUP, Signals.SIGUSR1, Signals.SIGUSR2 }.Select(static signal => PosixSignalRegistration.Create(signal,
            static context => context.Cancel = true))];

    protected void RunProcesses(Func<Coroutine> main, LoopOptions? options = null)
    {
        GC.KeepAlive(Harmless);
        var before = Children();
        RunLoop(main, options ?? Options);
        SpinWait.SpinUntil(() => Left().Count == 0, TimeSpan.FromSeconds(5));      // what is reaped on other threads
        Left().Should().BeEmpty("what a test starts has ended, and was reaped");

        List<string> Left() => [.. Children().Except(before)];
    }

    /// <summary>All but the guard, which stays as long as this process.</summary>
    protected static List<string> Children() =>
        [.. ChildrenOf(Environment.ProcessId).Where(static id => !CommandOf(id).Contains("group_")).Select(static id => $"{id} {CommandOf(id)}")];

    protected static IEnumerable<int> ChildrenOf(int parent) => Directory.EnumerateDirectories("/proc")
        .Select(static folder => int.TryParse(Path.GetFileName(folder), out int id) ? id : 0)
        .Where(id => id > 0 && StateOf(id) is { } state && state.Parent == parent);

    protected static (char State, int Parent, int Group)? StateOf(int id)
    {
        try
        {
            string line = File.ReadAllText($"/proc/{id}/stat");
            string[] parts = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return (parts[0][0], int.Parse(parts[1]), int.Parse(parts[2]));
        }
        catch (IOException)
        {
            return null;
        }
    }

    protected static bool IsGone(int id) => StateOf(id) is null or { State: 'Z' or 'X' };

    protected static async Coroutine UntilGone(int id)
    {
        while (!IsGone(id))
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(2));
        }
    }

    protected static string CommandOf(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    protected static ProcessCommand Sh(string script, params string[] arguments) => ProcessCommand.Shell(script, arguments);

    /// <summary>A folder of the test's own, where processes leave files for one another.</summary>
    private protected sealed class Folder : IDisposable
    {
        private readonly string path = Directory.CreateTempSubdirectory("processes").FullName;

        internal string File(string name) => Path.Combine(path, name);

        public void Dispose() => Directory.Delete(path, recursive: true);
    }
}
