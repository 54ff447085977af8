using System.Runtime.InteropServices;
using System.Text;
using EventLoop.Net;
using EventLoop.Processes;

namespace EventLoop.Tests.Processes;

public sealed class SubprocessTests : ProcessTest
{
    [Fact]
    public void A_program_runs_to_its_end_and_its_exit_code_is_told() => RunProcesses(async () =>
    {
        (await Subprocess.RunAsync("true")).Should().Be(new ExitStatus(0));
        (await Subprocess.RunAsync(Sh("exit 3"))).ExitCode.Should().Be(3);
        (await Subprocess.RunAsync("true")).IsSuccess.Should().BeTrue();
    });

    [Fact]
    public void Output_and_errors_are_captured_and_the_input_is_given() => RunProcesses(async () =>
    {
        var result = await Subprocess.RunAndCaptureTextAsync(Sh("cat; echo wrong >&2; exit 2"), "what it reads");
        result.StandardOutput.Should().Be("what it reads");
        result.StandardError.Should().Be("wrong\n");
        result.ExitStatus.ExitCode.Should().Be(2);
        result.IsCutOff.Should().BeFalse();
    });

    [Fact]
    public void Arguments_are_handed_over_as_they_are() => RunProcesses(async () =>
        (await Subprocess.ReadTextAsync("printf", "%s|", "a b", "$HOME", "'", "\"", "*", "", "ü")).Should().Be("a b|$HOME|'|\"|*||ü|"));

    [Fact]
    public void A_shell_gets_its_values_as_numbered_arguments() => RunProcesses(async () =>
        (await Subprocess.ReadTextAsync(ProcessCommand.Shell("echo \"$1\" \"$2\"", "a; exit 1", "b"))).Should().Be("a; exit 1 b\n"));

    [Fact]
    public void ReadText_fails_with_the_status_and_the_error_output() => RunProcesses(async () =>
    {
        var failure = await Failure<ProcessFailedException>(async () => await Subprocess.ReadTextAsync(Sh("echo some; echo bad news >&2; exit 7")));
        failure.ExitStatus.ExitCode.Should().Be(7);
        failure.StandardError.Should().Be("bad news\n");
        failure.Message.Should().Contain("exit code 7").And.Contain("bad news").And.Contain("/bin/sh");
    });

    [Fact]
    public void Lines_come_as_they_are_written_with_back_pressure() => RunProcesses(async () =>
    {
        await foreach (string line in Subprocess.ReadLinesAsync(Sh("echo one; echo two; printf three")))
        {
            Log.Add(line);
        }

        Log.Should().Equal("one", "two", "three");
    });

    [Fact]
    public void Leaving_the_lines_early_ends_the_child() => RunProcesses(async () =>
    {
        await foreach (string line in Subprocess.ReadLinesAsync("yes"))
        {
            line.Should().Be("y");
            break;
        }
    });

    [Fact]
    public void The_token_of_an_enumeration_of_lines_ends_it_and_the_child() => RunProcesses(async () =>
    {
        using var source = new CancellationTokenSource();
        List<string> lines = [];
        var canceled = await Catch(Loop.CreateTask(async Coroutine () =>
        {
            await foreach (string line in Subprocess.ReadLinesAsync(Sh("echo one; exec sleep 600")).WithCancellation(source.Token))
            {
                lines.Add(line);
                source.Cancel();
            }
        }));
        canceled.Should().BeAssignableTo<OperationCanceledException>();
        lines.Should().Equal("one");
    });

    [Fact]
    public void The_lines_of_a_child_that_fails_end_with_its_failure() => RunProcesses(async () =>
    {
        var failure = await Failure<ProcessFailedException>(async () =>
        {
            await foreach (string line in Subprocess.ReadLinesAsync(Sh("echo one; echo no >&2; exit 1")))
            {
                Log.Add(line);
            }
        });
        Log.Should().Equal("one");
        failure.StandardError.Should().Be("no\n");
    });

    [Fact]
    public void Check_makes_a_failure_of_a_failure() => RunProcesses(async () =>
    {
        (await Failure<ProcessFailedException>(async () =>
            await Subprocess.RunAsync(new ProcessCommand("false"), check: true))).ExitStatus.ExitCode.Should().Be(1);
        (await Subprocess.RunAsync("false")).IsSuccess.Should().BeFalse();
    });

    [Fact]
    public void What_kills_a_child_is_told_by_name() => RunProcesses(async () =>
    {
        var status = await Subprocess.RunAsync(Sh("kill -TERM $$"));
        status.Should().Be(new ExitStatus(128 + 15, PosixSignal.SIGTERM));
        status.ToString().Should().Be("killed by SIGTERM");
        (await Subprocess.RunAsync(Sh("kill -9 $$"))).Signal.Should().Be(Signals.SIGKILL);
    });

    [Fact]
    public void A_running_child_can_be_talked_to() => RunProcesses(async () =>
    {
        await using var cat = await Subprocess.StartAsync(new ProcessCommand("cat") { Input = Stdio.Pipe, Output = Stdio.Pipe });
        cat.HasExited.Should().BeFalse();
        cat.ExitStatus.Should().BeNull();
        cat.ToString().Should().Be($"process {cat.Id} (cat), running");
        await cat.Input.WriteAsync("hello\n");
        (await cat.Output.ReadLineAsync()).Should().Be("hello");
        await cat.Input.CompleteAsync();
        (await cat.WaitAsync()).IsSuccess.Should().BeTrue();
        cat.HasExited.Should().BeTrue();
        cat.ToString().Should().Be($"process {cat.Id} (cat), exit code 0");
        (await cat.Output.ReadLineAsync()).Should().BeNull();
    });

    [Fact]
    public void Communicate_writes_reads_and_waits_once() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh("cat; echo bad >&2") with { Input = Stdio.Pipe, Output = Stdio.Pipe, Error = Stdio.Pipe });
        var result = await child.CommunicateTextAsync("given");
        (result.StandardOutput, result.StandardError, result.ProcessId).Should().Be(("given", "bad\n", child.Id));
        await Failure<InvalidOperationException>(async () => await child.CommunicateAsync());
    });

    [Fact]
    public void Communicate_without_a_pipe_refuses_an_input() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("true") { Input = Stdio.Null });
        await Failure<ArgumentException>(async () => await child.CommunicateTextAsync("x"));
        (await child.CommunicateTextAsync()).StandardOutput.Should().BeEmpty();
    });

    [Fact]
    public void A_child_that_does_not_read_its_input_is_no_error() => RunProcesses(async () =>
        (await Subprocess.RunAndCaptureAsync(Sh("exec 0<&-; echo done"), new byte[10_000_000])).StandardOutput.Should().Equal("done\n"u8.ToArray()));

    [Fact]
    public void Both_outputs_full_at_once_block_nobody() => RunProcesses(async () =>
    {
        var result = await Subprocess.RunAndCaptureAsync(Sh("head -c 1000000 /dev/zero >&2 & head -c 1000000 /dev/zero; wait"));
        (result.StandardOutput.Length, result.StandardError.Length).Should().Be((1_000_000, 1_000_000));
    });

    [Fact]
    public void All_that_a_child_wrote_is_read_after_its_end() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh("head -c 60000 /dev/zero; exit 1") with { Output = Stdio.Pipe, DrainTimeout = TimeSpan.Zero });
        (await child.WaitAsync()).ExitCode.Should().Be(1);
        await Loop.Sleep(TimeSpan.FromMilliseconds(20));
        (await child.Output.ReadToEndAsync()).Should().HaveCount(60_000);
    });

    [Fact]
    public void Output_that_a_grandchild_holds_ends_after_the_drain_timeout() => RunProcesses(async () =>
    {
        var command = Sh("sleep 60 & echo done") with { DrainTimeout = TimeSpan.FromMilliseconds(50), Group = ProcessGroup.New };
        var result = await Subprocess.RunAndCaptureTextAsync(command);
        result.StandardOutput.Should().Be("done\n");
        result.IsCutOff.Should().BeTrue();
    });

    [Fact]
    public void A_grandchild_that_goes_on_writing_does_not_keep_the_output_open() => RunProcesses(async () =>
    {
        var command = Sh("yes & echo $!") with { DrainTimeout = TimeSpan.FromMilliseconds(50), Group = ProcessGroup.New };
        var result = await Subprocess.RunAndCaptureAsync(command);
        result.IsCutOff.Should().BeTrue();
    });

    [Fact]
    public void A_large_output_comes_whole_and_in_its_order() => RunProcesses(async () =>
    {
        const int most = 1_000_000;
        var result = await Subprocess.RunAndCaptureTextAsync("seq", $"{most}");
        result.StandardOutput.Should().Be(string.Concat(Enumerable.Range(1, most).Select(static number => $"{number}\n")));
    });

    [Fact]
    public void More_than_the_limit_stops_the_child() => RunProcesses(async () =>
        await Failure<LimitOverrunException>(async () => await Subprocess.RunAndCaptureAsync(new ProcessCommand("yes"), limit: 100_000)));

    [Fact]
    public void Errors_go_where_the_output_goes_in_the_order_of_the_writes() => RunProcesses(async () =>
        (await Subprocess.ReadTextAsync(Sh("echo 1; echo 2 >&2; echo 3; echo 4 >&2") with { Error = Stdio.ToOutput })).Should().Be("1\n2\n3\n4\n"));

    [Fact]
    public void Files_are_opened_for_the_child() => RunProcesses(async () =>
    {
        string path = Path.GetTempFileName();
        await Subprocess.RunAsync(Sh("echo one") with { Output = Stdio.File(path) });
        await Subprocess.RunAsync(Sh("echo two") with { Output = Stdio.File(path, append: true) });
        (await Subprocess.ReadTextAsync(new ProcessCommand("cat") { Input = Stdio.File(path) })).Should().Be("one\ntwo\n");
        await Subprocess.RunAsync(Sh("echo three") with { Output = Stdio.File(path) });
        (await File.ReadAllTextAsync(path)).Should().Be("three\n");
        File.Delete(path);
        await Failure<FileNotFoundException>(async () => await Subprocess.RunAsync(new ProcessCommand("cat") { Input = Stdio.File(path + "/none") }));
    });

    [Fact]
    public void The_environment_is_this_process_and_the_changes() => RunProcesses(async () =>
    {
        var changed = Sh("echo $A-$HOME") with { Environment = new Dictionary<string, string?> { ["A"] = "ä", ["HOME"] = null } };
        (await Subprocess.ReadTextAsync(changed)).Should().Be("ä-\n");
        var cleared = new ProcessCommand("/usr/bin/env") { ClearEnvironment = true, Environment = new Dictionary<string, string?> { ["B"] = "1" } };
        (await Subprocess.ReadTextAsync(cleared)).Should().Be("B=1\n");
    });

    [Fact]
    public void A_child_that_inherits_the_environment_has_it_as_it_is_at_its_start() => RunProcesses(async () =>
    {
        const string name = "SUBPROCESS_TESTS_INHERITED";
        var show = new ProcessCommand("/usr/bin/env", ["-0"]);
        try
        {
            foreach (string? value in (string?[])[null, "one", "one", "two = ä\n𝄞", "", null, null])
            {
                Environment.SetEnvironmentVariable(name, value);
                string[] shown = (await Subprocess.ReadTextAsync(show)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
                shown.Where(static text => text.StartsWith(name)).Should().Equal(
                    Environment.GetEnvironmentVariable(name) is { } now ? [$"{name}={now}"] : Array.Empty<string>());

                // Others of these tests set some of the library's own meanwhile.
                shown.Where(IsNotOurs).Should().BeEquivalentTo(Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
                    .Select(static variable => $"{variable.Key}={variable.Value}").Where(IsNotOurs));
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        static bool IsNotOurs(string text) => !text.StartsWith("EVENTLOOP_") && !text.StartsWith("_=");
    });

    [Fact]
    public void An_environment_that_has_not_changed_is_not_taken_apart_again()
    {
        Assert.SkipWhen(InheritedEnvironment.Take() is null, "The environment is compared on CoreCLR only, and where that is not switched off.");
        bool isSame = false;
        for (int attempt = 0; attempt < 100 && !isSame; attempt++)
        {
            isSame = ReferenceEquals(InheritedEnvironment.Take(), InheritedEnvironment.Take());      // other tests may change it in between
        }

        isSame.Should().BeTrue();
    }

    [Fact]
    public void The_working_directory_and_argv_zero_are_the_commands() => RunProcesses(async () =>
    {
        (await Subprocess.ReadTextAsync(new ProcessCommand("pwd") { WorkingDirectory = "/usr" })).Should().Be("/usr\n");
        (await Subprocess.ReadTextAsync(Sh("cat /proc/$$/cmdline") with { ArgumentZero = "named" })).Should().StartWith("named\0");
    });

    [Fact]
    public void Handles_that_are_inherited_are_descriptors_from_three_on_and_no_others_are_there() => RunProcesses(async () =>
    {
        string path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "by handle");
        using var file = File.OpenHandle(path);
        var command = Sh("cat <&3; ls /proc/$$/fd") with { InheritedHandles = [file] };
        (await Subprocess.ReadTextAsync(command)).Should().Be("by handle0\n1\n2\n3\n");
        file.IsClosed.Should().BeFalse();
        File.Delete(path);
    });

    [Fact]
    public void A_child_has_all_signals_as_they_are_by_default() => RunProcesses(async () =>
    {
        string status = await Subprocess.ReadTextAsync("cat", "/proc/self/status");
        status.Should().Contain("SigIgn:\t0000000000000000").And.Contain("SigBlk:\t0000000000000000");
        (await Subprocess.RunAndCaptureTextAsync(Sh("yes | head -n 1"))).StandardError.Should().BeEmpty();
    });

    [Fact]
    public void Ten_wait_and_one_that_is_cancelled_concerns_nobody_else() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("cat") { Input = Stdio.Pipe, Output = Stdio.Null });
        var waiting = Enumerable.Range(0, 10).Select(_ => Loop.CreateTask(child.WaitAsync())).ToArray();
        await Yields(2);
        waiting[3].Cancel();
        await child.Input.CompleteAsync();
        await Loop.Wait(waiting);
        waiting.Count(static task => task.IsCanceled).Should().Be(1);
        waiting.Count(static task => task.IsCompletedSuccessfully && task.Result.IsSuccess).Should().Be(9);
    });

    [Fact]
    public void Many_at_once_have_each_its_own_status() => RunProcesses(async () =>
    {
        var runs = Enumerable.Range(0, 60).Select(number => Loop.CreateTask(Subprocess.RunAsync(Sh($"exit {number}")))).ToArray();
        await Loop.Gather(runs);
        runs.Select(static run => run.Result.ExitCode).Should().Equal(Enumerable.Range(0, 60));
    });

    [Fact]
    public void Another_encoding_is_the_commands() => RunProcesses(async () =>
    {
        var latin = new ProcessCommand("cat") { Encoding = Encoding.Latin1 };
        (await Subprocess.RunAndCaptureAsync(latin, new byte[] { 0xE4 })).StandardOutput.Should().Equal(0xE4);
        (await Subprocess.ReadTextAsync(latin, "ä")).Should().Be("ä");
        await using var wide = await Subprocess.StartAsync(new ProcessCommand("cat") { Encoding = Encoding.Unicode, Input = Stdio.Pipe, Output = Stdio.Pipe });
        await wide.Input.WriteAsync("Ċ\none\r\ntwo");
        await wide.Input.CompleteAsync();
        List<string> lines = [];
        await foreach (string line in wide.Output.ReadLinesAsync())
        {
            lines.Add(line);
        }

        lines.Should().Equal("Ċ", "one", "two");
    });

    [Fact]
    public void Half_a_character_at_the_end_is_replaced() => RunProcesses(async () =>
        (await Subprocess.ReadTextAsync(Sh("printf 'a\\303'"))).Should().Be("a�"));

    [Fact]
    public void A_forgotten_child_is_reaped_when_it_ends() => RunProcesses(async () =>
    {
        int id = (await Subprocess.StartAsync("true")).Id;
        while (StateOf(id) is not null)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(2));
        }
    });

    [Fact]
    public void A_detached_process_outlives_the_loop_and_leaves_no_zombie()
    {
        int id = 0;
        RunLoop(async () => id = await Subprocess.StartDetachedAsync(new ProcessCommand("sleep", "0.3")), Options);
        IsGone(id).Should().BeFalse();
        StateOf(id)!.Value.Group.Should().Be(id);
        SpinWait.SpinUntil(() => StateOf(id) is null, TimeSpan.FromSeconds(10)).Should().BeTrue("it is reaped without a loop");
    }

    [Fact]
    public void What_runs_when_the_loop_ends_is_killed_and_named()
    {
        int id = 0;
        RunProcesses(async () => id = (await Subprocess.StartAsync("sleep", "60")).Id);
        Reported.Should().ContainSingle().Which.Message.Should().Contain($"process {id} (sleep 60)").And.Contain("was killed");
    }

    /// <summary>The long form: EVENTLOOP_TESTS_STARTS=10000.</summary>
    [Fact]
    public void Many_starts_at_once_leave_neither_descriptors_nor_zombies_and_mix_up_no_status() => RunProcesses(async () =>
    {
        int starts = int.TryParse(Environment.GetEnvironmentVariable("EVENTLOOP_TESTS_STARTS"), out int many) ? many : 500;
        await Subprocess.ReadTextAsync("echo");      // what comes with the first time
        int before = Ours(), next = 0;
        await Loop.Gather(Enumerable.Range(0, 50).Select(_ => Loop.CreateTask(async Coroutine () =>
        {
            while (next < starts)
            {
                int number = next++;
                (await Subprocess.RunAndCaptureAsync(Sh($"exit {number % 100}"))).ExitStatus.ExitCode.Should().Be(number % 100);
            }
        })).ToArray());
        Ours().Should().BeLessThanOrEqualTo(before);

        static int Ours() => Directory.GetFileSystemEntries("/proc/self/fd").Count(static entry =>
            (new FileInfo(entry).LinkTarget ?? "") is var target && (target.StartsWith("pipe:", StringComparison.Ordinal) || target.Contains("[pidfd]")));
    });

    [Fact]
    public void A_pipe_where_nobody_would_read_is_refused() => RunProcesses(async () =>
    {
        await Failure<ArgumentException>(async () => await Subprocess.RunAsync(new ProcessCommand("true") { Output = Stdio.Pipe }));
        await Failure<ArgumentException>(async () => await Subprocess.StartDetachedAsync(new ProcessCommand("true") { Output = Stdio.Pipe }));
        await Failure<ArgumentException>(async () => await Subprocess.ReadTextAsync(new ProcessCommand("true") { Output = Stdio.Null }));
        await Failure<ArgumentException>(async () => await Subprocess.RunAndCaptureTextAsync(new ProcessCommand("cat") { Input = Stdio.Null }, "input"));
        await Failure<ArgumentException>(async () => await Subprocess.RunAsync(new ProcessCommand("true") { Output = Stdio.ToOutput }));
        await using var child = await Subprocess.StartAsync("true");
        var asking = () => child.Output;
        asking.Should().Throw<InvalidOperationException>().WithMessage("*Output = Stdio.Pipe*");
    });

    [Fact]
    public void The_portable_poller_has_no_children() => RunLoop(
        async () => await Failure<PlatformNotSupportedException>(async () => await Subprocess.RunAsync("true")),
        Options with { Poller = PollerKind.Portable });

    internal static async Coroutine<T> Failure<T>(Func<Task> body) where T : Exception
    {
        try
        {
            await body();
        }
        catch (T expected)
        {
            return expected;
        }

        throw new InvalidOperationException($"There was no {typeof(T).Name}.");
    }
}
