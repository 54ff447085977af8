namespace EventLoop.Tests.Debugging;

/// <summary>What is said to a method that calls the loop from where an await has taken it.</summary>
public sealed class LeftLoopTests : LoopTest
{
    [Fact]
    public void After_ConfigureAwait_false_the_message_names_the_method_and_says_how_to_come_back() => RunLoopWithTask(async () =>
    {
        var refusal = await Leave(static async () => await Loop.Sleep(1));

        refusal.Message.Should().Contain("no running event loop").And.Contain(nameof(LeftLoopTests) + "." + nameof(Leave)).And.Contain("ConfigureAwait(false)").And.Contain("loop.Submit(...)");
    });

    [Fact]
    public void So_does_that_of_a_member_of_the_loop() => RunLoopWithTask(async () =>
    {
        var loop = Loop.Current;

        var refusal = await Leave(() =>
        {
            loop.CallSoon(static () => { });
            return Task.CompletedTask;
        });

        refusal.Message.Should().Contain("CallSoon").And.Contain(nameof(Leave)).And.Contain("ConfigureAwait(false)").And.Contain("loop.Post(...)");
    });

    [Fact]
    public void Where_nothing_has_left_a_loop_it_is_not_spoken_of()
    {
        var refusal = Record.Exception(() => Loop.CreateTask(Coroutine.Completed));

        refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("Loop.Run(...)").And.NotContain("ConfigureAwait");
    }

    private static async Task<InvalidOperationException> Leave(Func<Task> work)
    {
        await Task.Run(static () => { }).ConfigureAwait(false);
        await Task.Delay(1).ConfigureAwait(false);      // the first may have ended already, and then nobody has gone anywhere
        try
        {
            await work();
            throw new InvalidDataException("It was let through.");
        }
        catch (InvalidOperationException refusal)
        {
            return refusal;
        }
    }
}
