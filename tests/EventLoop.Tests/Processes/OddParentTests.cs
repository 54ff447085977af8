using System.Runtime.InteropServices;

namespace EventLoop.Tests.Processes;

/// <summary>Processes that start children although something about themselves is unusual. Each is a worker.</summary>
public sealed class OddParentTests : ProcessTest
{
    private const int Child = 17;
    private const nint Ignore = 1;

    [Fact]
    public void A_parent_without_standard_streams_mixes_up_none_of_its_childrens() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(static () =>
        {
            _ = (close(0), close(1), close(2));
            return Loop.Run(async Coroutine<string> () =>
            {
                var both = await Subprocess.RunAndCaptureTextAsync(Sh("cat; echo errors >&2"), "input ");
                string merged = await Subprocess.ReadTextAsync(Sh("echo out; echo err >&2") with { Error = Stdio.ToOutput });
                int nothing = (await Subprocess.RunAsync(Sh("cat; exit 4") with { Input = Stdio.Null, Output = Stdio.Null, Error = Stdio.Null })).ExitCode;
                int inherited = (await Subprocess.RunAsync(Sh("[ -e /proc/self/fd/1 ] && exit 5; exit 6"))).ExitCode;
                return $"{both.StandardOutput}{both.StandardError}{merged}{nothing}{inherited}";
            });
        })).Should().Be("input errors\nout\nerr\n46");
    });

    [Fact]
    public void A_parent_that_was_started_with_SIGCHLD_ignored_is_told_how_its_children_ended() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(static () =>
        {
            signal(Child, Ignore);
            return Codes(count: 10);
        })).Should().OnlyContain(static code => code == 3);
    });

    [Fact]
    public void Children_that_the_runtime_reaps_because_SIGCHLD_was_ignored_are_told_of_all_the_same() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(static () =>
        {
            signal(Child, Ignore);
            using var handler = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, static _ => { });
            return Codes(count: 10);
        })).Should().OnlyContain(static code => code == 3 || code == 255, "older systems do not tell");
    });

    [Fact]
    public void Children_that_somebody_reaps_who_waits_for_any_child_are_told_of_all_the_same() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(static () =>
        {
            new Thread(static () =>
            {
                while (true)
                {
                    if (waitpid(-1, 0, 0) < 0)
                    {
                        Thread.Sleep(1);
                    }
                }
            }) { IsBackground = true }.Start();
            return Codes(count: 20);
        })).Should().OnlyContain(static code => code == 3 || code == 255, "older systems do not tell");
    });

    [Fact]
    public void What_somebody_opened_for_all_children_does_not_get_into_ours() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(static () =>
        {
            int leaky = dup(0);      // a native library's, which any program would inherit
            string seen = Loop.Run(async Coroutine<string> () => await Subprocess.ReadTextAsync(Sh("ls /proc/$$/fd")));
            return (leaky > 2, seen);
        })).Should().Be((true, "0\n1\n2\n"));
    });

    private static int[] Codes(int count) => Loop.Run(async Coroutine<int[]> () =>
    {
        Loop.Current.ExceptionHandler = static (_, _) => { };      // an end that nobody can tell is reported
        var codes = new int[count];
        for (int i = 0; i < count; i++)
        {
            codes[i] = (await Subprocess.RunAsync(Sh("exit 3"))).ExitCode;
        }

        return codes;
    });

    [DllImport("libc")]
    private static extern int close(int descriptor);

    [DllImport("libc")]
    private static extern int dup(int descriptor);

    [DllImport("libc")]
    private static extern nint signal(int number, nint handler);

    [DllImport("libc")]
    private static extern int waitpid(int process, nint status, int options);
}
