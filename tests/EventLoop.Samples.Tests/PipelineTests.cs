using System.Globalization;

namespace EventLoop.Samples.Tests;

public sealed class PipelineTests
{
    [Fact]
    public void What_comes_out_of_the_chain_is_what_a_shells_pipe_makes_of_it()
    {
        const int size = 5;
        string expected = Loop.Run(
            async Coroutine<string> () => await Subprocess.ReadTextAsync(ProcessCommand.Shell(
                "head -c \"$1\" /dev/zero | tr '\\0' 'x' | gzip -1 | sha256sum", (size * 1024 * 1024).ToString(CultureInfo.InvariantCulture))),
            new LoopOptions { HandleInterrupt = false }).Split(' ')[0];

        var result = Sample.Run("Pipeline", "--size", $"{size}");

        result.ExitStatus.IsSuccess.Should().BeTrue(result.StandardError);
        expected.Should().HaveLength(64);
        result.StandardOutput.Should().Contain("generated 5.00 MiB").And.Contain($"checksum {expected}");
    }
}
