using System.Runtime.InteropServices;

namespace EventLoop.Tests.Processes;

public sealed class ProcessCommandTests : ProcessTest
{
    [Fact]
    public void A_command_does_not_change_with_the_lists_that_it_was_made_of() => RunProcesses(async () =>
    {
        List<string> arguments = ["-c", "echo $A $#", "sh"];
        var environment = new Dictionary<string, string?> { ["A"] = "a" };
        using var handle = File.OpenHandle("/dev/null");
        List<SafeHandle> handles = [handle];
        var command = new ProcessCommand("sh") { Arguments = arguments, Environment = environment, InheritedHandles = handles };
        arguments.Add("more");
        environment["A"] = "b";
        handles.Clear();
        (await Subprocess.ReadTextAsync(command)).Should().Be("a 0\n");
        command.InheritedHandles.Should().ContainSingle();
        command.Arguments.Should().NotBeAssignableTo<string[]>();
    });

    [Fact]
    public void What_no_command_can_have_is_refused_where_it_is_said()
    {
        var command = new ProcessCommand("true");
        List<Func<ProcessCommand>> wrong =
        [
            () => new ProcessCommand(""),
            () => new ProcessCommand(null!),
            () => new ProcessCommand("true", null!, "x"),
            () => command with { FileName = "" },
            () => command with { Arguments = null! },
            () => command with { InheritedHandles = null! },
            () => command with { InheritedHandles = [null!] },
            () => command with { Encoding = null! },
            () => command with { StopSignal = (PosixSignal)65 },
            () => command with { StopSignal = 0 },
        ];
        foreach (var make in wrong)
        {
            make.Should().Throw<ArgumentException>();
        }

        (command with { StopSignal = (PosixSignal)15 }).StopSignal.Should().Be(PosixSignal.SIGTERM);
    }

    [Fact]
    public void A_zero_character_is_refused_wherever_it_stands() => RunProcesses(async () =>
    {
        string path = Path.GetTempFileName();
        var command = new ProcessCommand("echo");
        List<ProcessCommand> wrong =
        [
            command with { Output = Stdio.File(path + "\0.log") },
            command with { ArgumentZero = "\0" },
            command with { WorkingDirectory = "/\0" },
            command with { Environment = new Dictionary<string, string?> { ["A"] = "\0" } },
            command with { Environment = new Dictionary<string, string?> { ["A\0"] = "" } },
        ];
        foreach (var each in wrong)
        {
            (await Catch(Loop.CreateTask(Subprocess.RunAsync(each)))).Should().BeOfType<ArgumentException>();
        }

        File.Delete(path);
    });

    [Fact]
    public void A_name_that_a_shell_would_take_for_an_assignment_is_quoted() => new ProcessCommand("A=B", "C=D").ToString().Should().Be("'A=B' C=D");

    [Fact]
    public void What_is_kept_of_an_error_output_does_not_begin_with_half_a_character()
    {
        string text = string.Concat(Enumerable.Repeat("\U0001F600", 8192)) + "x";
        var failure = new ProcessFailedException(new ProcessCommand("true"), new ExitStatus(1), text);
        failure.StandardError.Length.Should().BeInRange(8000, 8192);
        char.IsLowSurrogate(failure.StandardError[0]).Should().BeFalse();
    }
}
