namespace EventLoop.Tests.Running;

public sealed class LoopOptionsTests
{
    [Fact]
    public void The_defaults_are_the_documented_ones()
    {
        var options = new LoopOptions();

        options.Name.Should().BeNull();
        options.TimeProvider.Should().BeSameAs(TimeProvider.System);
        options.LoggerFactory.Should().BeNull();
        options.Debug.Should().BeNull();
        options.SlowStepThreshold.Should().Be(TimeSpan.FromMilliseconds(100));
        options.ShutdownTimeout.Should().Be(TimeSpan.FromSeconds(30));
        options.BlockingCalls.Should().Be(BlockingCallPolicy.Ignore);
        options.HandleInterrupt.Should().BeTrue();
        options.EagerTasks.Should().BeFalse();
        options.DefaultExecutor.Should().BeNull();
        options.Poller.Should().Be(PollerKind.Auto);
        options.Seed.Should().BeNull();
    }

    [Fact]
    public void Values_out_of_range_are_refused_where_they_are_set()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new LoopOptions { SlowStepThreshold = TimeSpan.FromTicks(-1) }).ParamName.Should().Be("SlowStepThreshold");
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new LoopOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(-2) }).ParamName.Should().Be("ShutdownTimeout");
        Assert.Throws<ArgumentOutOfRangeException>(() => new LoopOptions { BlockingCalls = (BlockingCallPolicy)9 }).ParamName.Should().Be("BlockingCalls");
        Assert.Throws<ArgumentOutOfRangeException>(() => new LoopOptions { Poller = (PollerKind)(-1) }).ParamName.Should().Be("Poller");
        Assert.Throws<ArgumentNullException>(() => new LoopOptions { TimeProvider = null! }).ParamName.Should().Be("TimeProvider");
        Assert.Throws<ArgumentOutOfRangeException>(() => new LoopOptions() with { ShutdownTimeout = TimeSpan.MinValue });
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(int.MaxValue)]
    [InlineData(1L << 40)]
    public void The_ends_of_the_ranges_are_taken(long milliseconds)
    {
        var options = new LoopOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(milliseconds), SlowStepThreshold = TimeSpan.Zero };

        options.ShutdownTimeout.Should().Be(TimeSpan.FromMilliseconds(milliseconds));
        Loop.Run(async () =>
        {
            Loop.StartSoon(Loop.Sleep(-1));
            await Loop.Yield();
        }, options);
    }
}
