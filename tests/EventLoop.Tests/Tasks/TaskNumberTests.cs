namespace EventLoop.Tests.Tasks;

public sealed class TaskNumberTests
{
    [Fact]
    public void After_two_billion_tasks_the_numbers_begin_again_and_leave_out_those_of_living_tasks() => Loop.Run(async Coroutine () =>
    {
        var gate = new AsyncEvent();
        var old = Enumerable.Range(0, 5).Select(_ => Loop.CreateTask(gate.WaitAsync())).ToArray();      // 2 to 6, beside the first task
        await Loop.Yield();
        old[1].Cancel();
        await Loop.Yield();
        await Loop.Yield();
        BeginAgainAfter(3);
        var parents = Enumerable.Range(0, 4).Select(_ => Loop.CreateTask(Parent(gate))).ToArray();
        parents.Select(static parent => parent.Id).Should().Equal(int.MaxValue - 3, int.MaxValue - 2, int.MaxValue - 1, 3);
        await Loop.Yield();
        await Loop.Yield();
        int[] expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, int.MaxValue - 3, int.MaxValue - 2, int.MaxValue - 1];
        var snapshot = Loop.Current.TakeSnapshot();
        snapshot.Tasks.Select(static task => task.Id).Should().Equal(expected);
        Loop.AllTasks().Select(static task => task.Id).Should().Equal(expected);
        foreach (var parent in parents)
        {
            snapshot.Tasks.Should().ContainSingle(task => task.CreatedBy == parent.Id);
        }

        gate.Set();
        var children = await Loop.Gather(parents);
        children.Select(static child => child.CreatorId).Should().Equal(parents.Select(static parent => parent.Id));
        children.Select(static child => child.Id).Should().Equal(7, 8, 9, 10);

        BeginAgainAfter(0);
        Loop.CreateTask(gate.WaitAsync()).Id.Should().Be(2, "those that had been left out have ended");
    });

    [Fact]
    public void After_two_billion_tasks_the_end_of_the_loop_still_cancels_each_that_is_left()
    {
        int canceled = 0;
        Loop.Run(async Coroutine () =>
        {
            for (int round = 0; round < 3; round++)
            {
                for (int i = 0; i < 2; i++)
                {
                    _ = Loop.CreateTask(WaitForEver());
                }

                await Loop.Yield();
                BeginAgainAfter(round);
            }
        });
        canceled.Should().Be(6);

        async Coroutine WaitForEver()
        {
            try
            {
                await new AsyncEvent().WaitAsync();
            }
            finally
            {
                canceled++;
            }
        }
    }

    private static void BeginAgainAfter(int tasks) => Loop.Current.Core.TaskNumbers.ContinueAfter(int.MaxValue - 1 - tasks);

    private static async Coroutine<LoopTask> Parent(AsyncEvent gate)
    {
        var child = Loop.CreateTask(gate.WaitAsync());
        await child;
        return child;
    }

    [Fact]
    public void A_walk_meets_each_of_very_many_tasks_once_in_the_order_of_their_numbers() => Loop.Run(async Coroutine () =>
    {
        const int many = 70_000;
        var gate = new AsyncEvent();
        var tasks = Enumerable.Range(0, many).Select(_ => Loop.CreateTask(gate.WaitAsync())).ToArray();
        await Loop.Yield();
        foreach (var gone in tasks.Where(static (_, number) => number % 3 == 0))
        {
            gone.Cancel();      // the last ones take their places, and the table is in order no more
        }

        await Loop.Yield();
        await Loop.Yield();
        var expected = Loop.AllTasks().Select(static task => task.Id).Order().ToArray();
        expected.Should().HaveCount(1 + many - ((many + 2) / 3));
        var walk = Loop.Current.Core.Tasks.Walk();
        walk.Count.Should().Be(expected.Length);
        walk.InOrder().Select(static task => task.Id).Should().Equal(expected);
        walk.InOrder().Select(static task => task.Id).Should().Equal(expected, "it can be walked again");
        gate.Set();
    });

    [Fact]
    public void A_walk_on_another_thread_meets_each_task_that_lives_throughout_once() => Loop.Run(async Coroutine () =>
    {
        const int many = 70_000;
        var core = Loop.Current.Core;
        var gate = new AsyncEvent();
        var living = Enumerable.Range(0, many).Select(number => (Stays: number % 2 == 0, Task: Loop.CreateTask(gate.WaitAsync()))).ToArray();
        await Loop.Yield();
        var walks = Task.Run(() =>
        {
            var met = new List<int[]>();
            for (int i = 0; i < 10; i++)
            {
                met.Add([.. core.Tasks.Walk().InOrder().Select(static task => task.Id)]);
            }

            return met;
        });
        foreach (var (_, task) in living.Where(static one => !one.Stays))
        {
            task.Cancel();
            _ = Loop.CreateTask(gate.WaitAsync());
            if (task.Id % 16 == 0)
            {
                await Loop.Yield();
            }
        }

        int[] stay = [.. living.Where(static one => one.Stays).Select(static one => one.Task.Id)];
        foreach (int[] met in await walks)
        {
            met.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
            stay.Except(met).Should().BeEmpty();
        }

        gate.Set();
    });
}
