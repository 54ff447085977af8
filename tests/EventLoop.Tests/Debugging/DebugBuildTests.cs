using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Debugging;

/// <summary>
/// The compiler makes a class of the state machine of a method that it compiles for debugging. Whoever debugs is told of coroutines that were never awaited
/// without asking for it. These tests are compiled for release, so the class is written by hand.
/// </summary>
[Collection(ProcessWide.Name)]
public sealed class DebugBuildTests : LoopTest
{
    private const string Complaint = "The coroutine DebugBuildTests.Debugged";

    [Fact]
    public void A_coroutine_that_was_never_awaited_is_told_without_debug_mode()
    {
        RunLoop(async () =>
        {
            _ = Make();
            _ = MakeWithResult();
            await Loop.Yield();
        });

        Reported.Should().HaveCount(2).And.OnlyContain(static loss =>
            loss.Message.StartsWith(Complaint, StringComparison.Ordinal) && loss.Message.Contains("was never awaited"));
    }

    [Fact]
    public void One_that_was_made_where_no_loop_runs_is_told_on_standard_error()
    {
        var output = new StringWriter();
        var standardError = Console.Error;
        Console.SetError(TextWriter.Synchronized(output));
        try
        {
            for (int i = 0; i < 100 && !output.ToString().Contains(Complaint); i++)
            {
                Forget();
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            Console.SetError(standardError);
        }

        output.ToString().Should().Contain(Complaint).And.Contain("was never awaited").And.Contain("Await it");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget() => _ = Make();
    }

    [Fact]
    public void Nothing_is_told_of_those_that_run_or_that_somebody_has_refused()
    {
        var madeBefore = Make();
        RunLoop(async () =>
        {
            await madeBefore;
            await Make();
            await MakeWithResult();
            await Loop.CreateTask(Make());
            await Loop.Gather(Make(), Make());
            await Loop.WaitFor(Make(), Seconds(1));
            await Make().AsTask();

            var twice = Make();
            Refused(() => Loop.Gather(twice, twice, Make()));
            Refused(() => Loop.Gather(Make(), default));
            Refused(() => Loop.Run(Make()));
            Refused(() => Loop.Current.RunUntilComplete(MakeWithResult()));
            (await Catch(Loop.WaitFor(Make(), TimeSpan.Zero))).Should().BeOfType<TimeoutException>();
            TaskGroup? over = null;
            await TaskGroup.Run(async Coroutine (group) => over = group);
            Refused(() => over!.CreateTask(Make()));
            Refused(() => over!.CreateTask(MakeWithResult()));
            var closed = new Loop(Options);
            closed.Dispose();
            Refused(() => closed.Spawn(Make()));
            OnThread(() =>
            {
                Refused(() => Loop.CreateTask(Make()));
                Refused(() => Loop.StartSoon(Make()));
                Refused(() => Make().AsTask());
                Refused(() => _ = Make().GetAwaiter().IsCompleted);
            });
        });
        var output = new StringWriter();
        var standardError = Console.Error;
        Console.SetError(TextWriter.Synchronized(output));
        try
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            Console.SetError(standardError);
        }

        Reported.Should().BeEmpty();
        Logger.Entries.Should().NotContain(static entry => entry.Message.Contains("never awaited"));
        output.ToString().Should().NotContain("never awaited");
    }

    private static void Refused(Action call) => FluentActions.Invoking(call).Should().Throw<Exception>();

    private static Coroutine Make()
    {
        var machine = new Debugged { Builder = CoroutineMethodBuilder.Create() };
        machine.Builder.Start(ref machine);
        return machine.Builder.Task;
    }

    private static Coroutine<int> MakeWithResult()
    {
        var machine = new DebuggedWithResult { Builder = CoroutineMethodBuilder<int>.Create() };
        machine.Builder.Start(ref machine);
        return machine.Builder.Task;
    }

    private sealed class Debugged : IAsyncStateMachine
    {
        internal CoroutineMethodBuilder Builder;

        public void MoveNext() => Builder.SetResult();

        public void SetStateMachine(IAsyncStateMachine stateMachine)
        {
        }
    }

    private sealed class DebuggedWithResult : IAsyncStateMachine
    {
        internal CoroutineMethodBuilder<int> Builder;

        public void MoveNext() => Builder.SetResult(1);

        public void SetStateMachine(IAsyncStateMachine stateMachine)
        {
        }
    }
}
