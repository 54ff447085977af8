using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

/// <summary>Snapshots from other threads of a loop that is as busy as it can be.</summary>
public sealed class SnapshotChurnTests : LoopTest
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);

    [Fact]
    [RealTime("looks from other threads")]
    public void Snapshots_from_other_threads_throw_nothing_and_miss_and_double_no_living_task() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        var stop = new CancellationTokenSource();
        var survivors = new List<LoopTask>();
        for (int i = 0; i < 200; i++)
        {
            survivors.Add(Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)), $"survivor-{i}"));
            await Churn(new Random(i), 3);
        }

        int[] alive = [.. survivors.Select(static task => task.Id)];
        var lookers = Enumerable.Range(0, 2).Select(number =>
            Task.Factory.StartNew(() => Look(loop, alive, number, stop.Token), TaskCreationOptions.LongRunning)).ToArray();
        var random = new Random(7);
        var until = loop.Time + Span;
        while (loop.Time < until && !lookers.Any(static one => one.IsFaulted))
        {
            await Churn(random, 20);
        }

        await stop.CancelAsync();
        int looks = 0;
        foreach (var looker in lookers)
        {
            looks += await looker;
        }

        looks.Should().BeGreaterThan(0);
        survivors.ForEach(static task => task.Cancel());
    });

    private static int Look(Loop loop, int[] alive, int number, CancellationToken stop)
    {
        int looks = 0;
        while (!stop.IsCancellationRequested)
        {
            var snapshot = loop.TakeSnapshot(new SnapshotOptions { MostTasks = looks % 2 == 0 ? int.MaxValue : 50 });
            looks++;
            snapshot.Bunches.Sum(static bunch => bunch.Count).Should().Be(snapshot.TaskCount - snapshot.Unread);
            snapshot.Tasks.Should().OnlyHaveUniqueItems(static task => task.Id);
            if (snapshot.Tasks.Count + snapshot.Unread >= snapshot.TaskCount)
            {
                snapshot.Tasks.Select(static task => task.Id).Should().Contain(alive, "those lived through the look");
            }

            foreach (var task in snapshot.Tasks)
            {
                Verify(task);
            }

            foreach (var ring in snapshot.Cycles)
            {
                ring.Should().OnlyContain(static task =>
                    task.Name.StartsWith("ring", StringComparison.Ordinal), "the others never wait for one another in a ring");
            }

            if (number == 0)
            {
                snapshot.WriteJson(Stream.Null);
                snapshot.WriteText(TextWriter.Null, (SnapshotView)(looks % 4));
                _ = snapshot.FindProblems();
            }
        }

        return looks;
    }

    // What is said of a task is true of that task: each kind waits for what only it can wait for.
    private static void Verify(TaskSnapshot task)
    {
        string kind = task.Name.Split('-')[0];
        foreach (var wait in task.Waits)
        {
            bool right = kind switch
            {
                "survivor" => wait.Kind == WaitKind.Sleep,
                "locker" => wait.Kind is WaitKind.Lock or WaitKind.Sleep,
                "getter" => wait.Kind == WaitKind.Queue,
                "parent" => wait.Kind is WaitKind.Group or WaitKind.Gather && wait.Blockers.All(id => id != task.Id),
                "child" => wait.Kind is WaitKind.Sleep or WaitKind.Event,
                "foreign" => wait.Kind is WaitKind.Foreign,
                _ => true,
            };
            right.Should().BeTrue($"a {kind} does not wait for {wait.Kind} '{wait.Text}'");
        }
    }

    private static readonly AsyncEvent Bell = new();

    private static async Coroutine Churn(Random random, int number)
    {
        var mutex = new AsyncLock();
        var queue = new AsyncQueue<int>();
        var all = new List<LoopTask>();
        for (int i = 0; i < number; i++)
        {
            int life = random.Next(4);
            all.Add((i % 4) switch
            {
                0 => Loop.CreateTask(() => Lock(mutex, life), $"locker-{i}"),
                1 => Loop.CreateTask(async () => await queue.GetAsync(), $"getter-{i}"),
                2 => Loop.CreateTask(() => Parent(life), $"parent-{i}"),
                _ => Loop.CreateTask(Foreign, $"foreign-{i}"),
            });
        }

        await Loop.Yield();
        Bell.Set();
        Bell.Clear();
        await Loop.Yield();
        for (int i = 0; i < number; i++)
        {
            queue.TryPut(i);
        }

        if (random.Next(3) == 0)
        {
            all[random.Next(all.Count)].Cancel();
        }

        foreach (var task in all)
        {
            while (!task.IsCompleted)
            {
                Bell.Set();
                Bell.Clear();
                await Loop.Yield();
            }
        }

        await Loop.GatherOutcomes(all);
    }

    private static async Coroutine Lock(AsyncLock mutex, int life)
    {
        using (await mutex.AcquireAsync())
        {
            for (int i = 0; i < life; i++)
            {
                await Loop.Yield();
            }
        }
    }

    private static async Coroutine Foreign() => await Task.Yield();

    private static async Coroutine Parent(int life)
    {
        await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < life; i++)
            {
                group.StartSoon(Child, $"child-{i}");
            }

            await Loop.Yield();
        });
        await Loop.Gather(Loop.CreateTask(Child, "child-x"), Loop.CreateTask(Child, "child-y"));
    }

    private static async Coroutine Child()
    {
        await CancelScope.Run(async _ => await Bell.WaitAsync(), TimeSpan.FromMinutes(1));
        await Loop.Yield();
    }
}
