using System.Runtime.InteropServices;

namespace EventLoop.Tests.Processes;

/// <summary>The process really runs out of descriptors; and then of threads, too, because .NET needs some for each that it starts.</summary>
public sealed class SubprocessExhaustionTests : ProcessTest
{
    private const int DescriptorLimit = 7;

    public static TheoryData<string> Ways => ["run", "capture", "guarded", "detached"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_start_that_finds_no_descriptors_says_so_and_leaves_nothing(string way) => RunProcesses(async () =>
    {
        await Start();      // what comes with the first time
        await Catch(Loop.CreateTask(Subprocess.RunAsync("/no/such/program")));
        int before = Ours();
        List<Exception> failures = [];
        var held = TakeAll(out var limit);
        try
        {
            for (int free = 0; free < 12; free++)
            {
                if (await Catch(Start()) is { } failure)
                {
                    failures.Add(failure);
                }

                held[^1].Dispose();
                held.RemoveAt(held.Count - 1);
            }
        }
        finally
        {
            setrlimit(DescriptorLimit, limit);
            held.ForEach(static handle => handle.Dispose());
        }

        foreach (var failure in failures)
        {
            failure.Should().BeOfType<IOException>();
        }

        (failures.Count > 0 || way == "detached").Should().BeTrue("the handle of the detached one before may have been given back meanwhile");
        await Start();
        for (int i = 0; Ours() > before && i < 1000; i++)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(2));      // what is reaped on other threads
        }

        Ours().Should().BeLessThanOrEqualTo(before);

        async Coroutine Start()
        {
            switch (way)
            {
                case "run":
                    await Subprocess.RunAsync("/bin/true");
                    break;
                case "capture":
                    (await Subprocess.RunAndCaptureTextAsync(new ProcessCommand("/bin/cat"), "x")).StandardOutput.Should().Be("x");
                    break;
                case "guarded":
                    await Subprocess.RunAsync(new ProcessCommand("/bin/true") { KillOnParentExit = true });
                    break;
                default:
                    await Subprocess.StartDetachedAsync(new ProcessCommand("/bin/true"));
                    break;
            }
        }
    });

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    // What .NET loads meanwhile keeps its files open.
    private static int Ours() => Directory.GetFileSystemEntries("/proc/self/fd").Count(static entry =>
        (new FileInfo(entry).LinkTarget ?? "") is var target
            && (target.StartsWith("pipe:", StringComparison.Ordinal) || target.Contains("[pidfd]") || target == "/dev/null"));

    private static List<SafeHandle> TakeAll(out ulong[] limit)
    {
        limit = new ulong[2];
        getrlimit(DescriptorLimit, limit).Should().Be(0);
        List<SafeHandle> held = [];
        setrlimit(DescriptorLimit, [(ulong)Descriptors() + 100, limit[1]]).Should().Be(0);
        try
        {
            while (true)
            {
                held.Add(File.OpenHandle("/dev/null"));
            }
        }
        catch (IOException)
        {
            return held;
        }
    }

    [DllImport("libc")]
    private static extern int getrlimit(int resource, [Out] ulong[] limit);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, ulong[] limit);
}
