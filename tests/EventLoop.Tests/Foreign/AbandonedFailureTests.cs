namespace EventLoop.Tests.Foreign;

/// <summary>What happens to the failure of a task that nobody waits for any more.</summary>
[Collection(ProcessWide.Name)]
public sealed class AbandonedFailureTests : LoopTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_an_abandoned_task_throws_later_is_observed(bool configured)
    {
        var unobserved = new List<Exception>();
        EventHandler<UnobservedTaskExceptionEventArgs> note = (_, args) =>
        {
            lock (unobserved)
            {
                unobserved.Add(args.Exception);
            }
        };
        TaskScheduler.UnobservedTaskException += note;
        try
        {
            Abandon(configured);
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= note;
        }

        unobserved.Where(static exception => exception.InnerException is InvalidDataException).Should().BeEmpty();
        Reported.Should().BeEmpty();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private void Abandon(bool configured)
    {
        var source = new TaskCompletionSource();
        var late = new TaskCompletionSource();
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(Wait(source.Task, configured));
            LoopTask closed = Loop.CreateTask(Wait(late.Task, configured));
            await Loop.Yield();
            task.Cancel();
            closed.Cancel();
            await Catch(task);
            await Catch(closed);
            source.SetException(new InvalidDataException());
            await Yields(5);
        });
        late.SetException(new InvalidDataException());

        static async Coroutine Wait(Task task, bool configured)
        {
            if (configured)
            {
                await task.ConfigureAwait(false);
            }
            else
            {
                await task;
            }
        }
    }
}
