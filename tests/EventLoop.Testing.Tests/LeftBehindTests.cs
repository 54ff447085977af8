using EventLoop.Testing.Xunit;

namespace EventLoop.Testing.Tests;

public class LeftBehindTests
{
    [Fact]
    public void A_test_that_is_left_behind_names_its_own_loop_and_no_other()
    {
        using var inStep = new CountdownEvent(2);
        using var release = new ManualResetEventSlim();
        Loop? own = null;
        Thread[] threads = [Start("mine"), Start("theirs")];
        inStep.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();

        string said = LoopMethod.LeftBehind(own);

        release.Set();
        Array.ForEach(threads, static thread => thread.Join(TimeSpan.FromSeconds(10)).Should().BeTrue());
        said.Should().Contain("has not come back from a step").And.Contain("mine").And.NotContain("theirs");
        LoopMethod.LeftBehind(own).Should().NotContain("step", "it has come back by now, and something else blocks");

        Thread Start(string name)
        {
            var thread = new Thread(() => Loop.Run(
                async () => await Loop.CreateTask(
                    async () =>
                    {
                        if (name == "mine")
                        {
                            own = Loop.Current;
                        }

                        await Loop.Yield();
                        inStep.Signal();
                        SpinWait.SpinUntil(() => release.IsSet);
                    },
                    name),
                new LoopOptions { Name = "test", HandleInterrupt = false })) { IsBackground = true };
            thread.Start();
            return thread;
        }
    }
}
