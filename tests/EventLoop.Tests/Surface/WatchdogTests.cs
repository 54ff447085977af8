namespace EventLoop.Tests.Surface;

/// <summary>A watch that outlives its test takes the process down two minutes later, in the middle of another one.</summary>
public sealed class WatchdogTests
{
    [Fact]
    public void No_test_class_replaces_the_disposal_that_ends_its_watch()
    {
        Type[] watched = [.. typeof(LoopTest).Assembly.GetTypes().Where(static type => type.IsSubclassOf(typeof(LoopTest)))];
        watched.Should().HaveCountGreaterThan(100);
        watched.Where(static type => type.GetInterfaceMap(typeof(IDisposable)).TargetMethods is not [{ Name: nameof(LoopTest.Dispose) } dispose]
            || dispose.DeclaringType != typeof(LoopTest)).Should().BeEmpty("what a test leaves is deleted by its CleanUp");
    }
}
