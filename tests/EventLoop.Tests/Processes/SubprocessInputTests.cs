namespace EventLoop.Tests.Processes;

public sealed class SubprocessInputTests : ProcessTest
{
    private static readonly byte[] Megabyte = new byte[1024 * 1024];

    private readonly string path = Path.GetTempFileName();

    private protected override void CleanUp() => File.Delete(path);

    [Fact]
    public void A_child_whose_outputs_go_elsewhere_gets_all_of_the_input() => RunProcesses(async () =>
    {
        var command = new ProcessCommand("cat") { Output = Stdio.File(path), Error = Stdio.Null };
        (await Subprocess.RunAndCaptureAsync(command, Megabyte)).ExitStatus.IsSuccess.Should().BeTrue();
        new FileInfo(path).Length.Should().Be(Megabyte.Length);
    });

    [Fact]
    public void A_child_that_closes_its_outputs_early_gets_all_of_the_input() => RunProcesses(async () =>
    {
        (await Subprocess.RunAndCaptureAsync(Sh("exec > /dev/null 2>&1; cat > \"$1\"", path), Megabyte)).ExitStatus.IsSuccess.Should().BeTrue();
        new FileInfo(path).Length.Should().Be(Megabyte.Length);
    });

    [Fact]
    public void Communicate_writes_all_of_the_input_where_no_output_is_a_pipe() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh("cat > \"$1\"", path) with { Input = Stdio.Pipe });
        (await child.CommunicateAsync(Megabyte)).ExitStatus.IsSuccess.Should().BeTrue();
        new FileInfo(path).Length.Should().Be(Megabyte.Length);
    });

    [Fact]
    public void Communicate_closes_an_input_of_which_there_is_nothing() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(new ProcessCommand("cat") { Input = Stdio.Pipe, Output = Stdio.Null });
        (await child.CommunicateAsync()).ExitStatus.IsSuccess.Should().BeTrue();
    });

    [Fact]
    public void The_end_of_the_child_ends_an_input_that_a_grandchild_holds_and_does_not_read() => RunProcesses(async () =>
    {
        await using var child = await Subprocess.StartAsync(Sh("sleep 60 <&0 > /dev/null 2>&1 & :") with { Input = Stdio.Pipe, Output = Stdio.Pipe,
            Group = ProcessGroup.New });
        (await child.CommunicateAsync(Megabyte)).ExitStatus.IsSuccess.Should().BeTrue();
    });

    [Fact]
    public void A_child_whose_lines_are_read_has_nothing_to_read_also_by_a_pipe() => RunProcesses(async () =>
    {
        await foreach (string line in Subprocess.ReadLinesAsync(new ProcessCommand("cat") { Input = Stdio.Pipe }))
        {
            Assert.Fail(line);
        }
    });
}
