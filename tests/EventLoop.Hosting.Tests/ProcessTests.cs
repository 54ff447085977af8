using System.Diagnostics;

namespace EventLoop.Hosting.Tests;

/// <summary>A host as a process: signals and exit codes.</summary>
public sealed class ProcessTests
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_stops_the_host_and_the_loop_in_order(string signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent by kill");
        using var program = Start("wait");
        await ReadUntilAsync(program, "ready");
        using (var kill = Process.Start("kill", [$"-{signal}", program.Id.ToString()]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        (await EndOf(program)).Should().Contain("cleaned up on the loop").And.EndWith("the host has ended");
        program.ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task An_exit_asked_for_on_the_loop_stops_the_host_and_gives_its_code()
    {
        using var program = Start("exit");
        (await EndOf(program)).Should().Contain("cleaned up on the loop").And.NotContain("failed", "it was asked to").And.EndWith("the host has ended");
        program.ExitCode.Should().Be(7);
    }

    [Fact]
    public async Task A_loop_that_ends_under_the_host_ends_the_program_with_a_failure()
    {
        using var program = Start("loop");
        (await EndOf(program)).Should().Contain("cleaned up on the loop").And.NotEndWith("the host has ended");
        program.ExitCode.Should().NotBe(0);
    }

    [Fact]
    public async Task A_service_that_fails_stops_the_host()
    {
        using var program = Start("fail");
        (await EndOf(program)).Should().Contain("cleaned up on the loop").And.Contain("the service is broken").And.Contain("the service has failed");
    }

    private static Process Start(string end)
    {
        var start = new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "EventLoop.Hosting.Program.dll"), end]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        var program = Process.Start(start)!;
        program.ErrorDataReceived += static (_, _) => { };
        program.BeginErrorReadLine();
        return program;
    }

    private static async Task ReadUntilAsync(Process program, string line)
    {
        while (await program.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Hosts.Patience) is { } read && read != line)
        {
        }
    }

    private static async Task<string> EndOf(Process program)
    {
        try
        {
            string rest = await program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Hosts.Patience);
            await program.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Hosts.Patience);
            return rest.TrimEnd();
        }
        finally
        {
            if (!program.HasExited)
            {
                program.Kill();
            }
        }
    }
}
