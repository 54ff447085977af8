using System.Diagnostics;

namespace EventLoop.Tests.Tasks;

/// <summary>Other threads look at tasks while these are made, wait, go on and end: nothing throws, nothing is mixed up, nobody is missed.</summary>
[RealTime("another thread looks, and that takes the time that it takes")]
public sealed class LookingFromOutsideTests : LoopTest
{
    private static readonly TimeSpan Looking = TimeSpan.FromMilliseconds(1500);

    [Fact]
    public void Tasks_has_each_that_lives_through_the_look_and_none_twice()
    {
        const int Most = 4_000_000;
        var born = new long[Most];
        var ended = new long[Most];
        long clock = 0;
        var random = new Random(5);
        WhileOthersLook(
            loop =>
            {
                long begin = Interlocked.Increment(ref clock);
                IReadOnlyCollection<LoopTask> seen = loop.Tasks;
                long end = Interlocked.Increment(ref clock);
                var ids = new HashSet<int>();
                int previous = 0;
                foreach (LoopTask task in seen)
                {
                    ids.Add(task.Id).Should().BeTrue("nobody is in it twice");
                    task.Id.Should().BeGreaterThan(previous, "they come in creation order");
                    previous = task.Id;
                }

                for (int id = 1; id < Most && (id < 10 || Volatile.Read(ref born[id]) != 0); id++)
                {
                    long start = Volatile.Read(ref born[id]);
                    long stop = Volatile.Read(ref ended[id]);
                    if (start != 0 && start < begin && (stop == 0 || stop > end) && !ids.Contains(id))
                    {
                        throw new InvalidOperationException($"Task {id} has lived from {start} to {stop}, the look lasted from {begin} to {end}, and it was "
                            + "not seen.");
                    }
                }

                return ids.Count;
            },
            async goesOn =>
            {
                while (goesOn())
                {
                    // Bursts, so that the chunks of the table come and go, and old ones that end make the last ones move.
                    int burst = random.Next(3) == 0 ? 3000 : 20;
                    for (int i = 0; i < burst; i++)
                    {
                        int life = random.Next(60);
                        _ = Loop.CreateTask(async () => await Live(life));
                    }

                    await Yields(random.Next(10));
                }
            });

        async Coroutine Live(int life)
        {
            int id = Loop.CurrentTask!.Id;
            Volatile.Write(ref born[id], Interlocked.Increment(ref clock));
            await Yields(life);
            Volatile.Write(ref ended[id], Interlocked.Increment(ref clock));
        }
    }

    [Fact]
    public void What_is_said_of_a_task_is_true_of_that_task()
    {
        var random = new Random(6);
        WhileOthersLook(
            static loop =>
            {
                int told = 0;
                foreach (LoopTask task in loop.Tasks)
                {
                    if (!task.Name.StartsWith("parent-", StringComparison.Ordinal))
                    {
                        continue;
                    }

                    string number = task.Name["parent-".Length..];
                    _ = task.Status;
                    if (task.WaitingOn is { } what)
                    {
                        told++;
                        (what is "sleep" or "event" or "Task" || what == $"task 'child-{number}'" || what == $"task 'child-{number}' (shielded)"
                            || what.StartsWith("gather of 3", StringComparison.Ordinal)
                            || what == "lock" || (what.StartsWith("lock (held by task 'parent-", StringComparison.Ordinal) && !what.Contains($"'{task.Name}'")))
                            .Should().BeTrue($"a parent does not wait for '{what}'");
                    }

                    if (task.Awaiting is { } awaited)
                    {
                        ((LoopTask)awaited).Name.Should().Be($"child-{number}");
                        awaited.Awaiters.Where(awaiter => awaiter.Name != task.Name).Should().BeEmpty();
                    }

                    string stack = string.Join('|', task.GetStack());
                    stack.Should().NotContain(nameof(ChildsWork), "that is a method of others");
                }

                _ = loop.Statistics;
                return told;
            },
            async goesOn =>
            {
                int number = 0;
                var bell = new AsyncEvent();
                var mutex = new AsyncLock();
                while (goesOn())
                {
                    for (int i = 0; i < 30; i++)
                    {
                        int mine = number++;
                        int kind = random.Next(7);
                        _ = Loop.CreateTask(ParentsWork(mine, kind, bell, mutex), $"parent-{mine}");
                    }

                    await Yields(random.Next(6));
                    bell.Set();
                    bell.Clear();
                }

                bell.Set();
            });

        static async Coroutine ParentsWork(int number, int kind, AsyncEvent bell, AsyncLock mutex)
        {
            switch (kind)
            {
                case 0:
                    await Loop.CreateTask(ChildsWork(3), $"child-{number}");
                    break;
                case 1:
                    await Loop.Shield(Loop.CreateTask(ChildsWork(5), $"child-{number}"));
                    break;
                case 2:
                    await Loop.Gather(ChildsWork(1), ChildsWork(3), ChildsWork(5));
                    break;
                case 3:
                    await bell.WaitAsync();
                    break;
                case 6:
                    using (await mutex.AcquireAsync())
                    {
                        await Loop.Yield();
                    }

                    break;
                case 4:
                    await Task.WhenAll(Naps(), Naps(), Naps());
                    break;
                default:
                    await CancelScope.Run(static async _ => await Loop.Sleep(TimeSpan.FromTicks(100)));
                    break;
            }
        }

        static async Coroutine ChildsWork(int yields) => await Yields(yields);

        static async Task Naps()
        {
            await Loop.Sleep(TimeSpan.FromTicks(10));
            await Loop.Yield();
        }
    }

    [Fact]
    public void Awaiters_seen_from_another_thread_are_those_that_the_loops_thread_sees() => RunLoop(async () =>
    {
        LoopTask child = Loop.CreateTask(Forever());
        LoopFuture future = Loop.Current.CreateFuture();
        LoopTask[] waiting =
        [
            Loop.CreateTask(async () => await child), Loop.CreateTask(async () => await Loop.Shield(child)),
            Loop.CreateTask(async () => await Loop.Gather(child, future)), Loop.CreateTask(async () => await Loop.Wait([child, future])),
            Loop.CreateTask(async () => await future),
        ];
        LoopTask grouped = null!;
        LoopTask group = Loop.CreateTask(async () => await TaskGroup.Run(async group => grouped = group.CreateTask(Forever())));
        await Yields(3);

        OnThread(() => child.Awaiters).Should().Equal(waiting[..4]);
        OnThread(() => future.Awaiters).Should().Equal(waiting[2..]);
        OnThread(() => grouped.Awaiters).Should().Equal(group);
        grouped.Awaiters.Should().Equal(group);
        child.Awaiters.Should().BeEquivalentTo(waiting[..4]);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wait_that_ends_while_it_is_described_is_not_told(bool itsTextThrows) => RunLoop(async () =>
    {
        var trap = new Trap { Throws = itsTextThrows };
        LoopTask task = Loop.CreateTask(async () =>
        {
            await trap;
            await Forever();
        });
        await Yields(2);

        Task<string?> told = Task.Run(() => task.WaitingOn);
        await Loop.ToThread(trap.Looked.Wait);
        trap.Wake();
        await Yields(2);
        trap.GoesOn.Set();

        (await told).Should().Be("sleep (forever)");
    });

    private sealed class Trap : EventLoop.Tasks.WaitPoint
    {
        internal ManualResetEventSlim Looked { get; } = new();

        internal ManualResetEventSlim GoesOn { get; } = new();

        internal bool Throws { get; init; }

        protected override bool IsReady => false;

        internal void Wake() => WakeWaiter();

        public override string Describe(EventLoop.Scheduling.WaitNode node)
        {
            Looked.Set();
            GoesOn.Wait(TimeSpan.FromSeconds(10));
            return Throws ? throw new InvalidOperationException("taken apart") : "trap";
        }
    }

    // The others: one thread that looks, beside a loop whose main keeps it busy for as long as goesOn says.
    private void WhileOthersLook(Func<Loop, int> look, Func<Func<bool>, Coroutine> main)
    {
        bool over = false;
        long told = 0;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            Task<Exception?> looks = Task.Run(() =>
            {
                var watch = Stopwatch.StartNew();
                Exception? failure = null;
                while (watch.Elapsed < Looking && failure is null)
                {
                    failure = Record.Exception(() => told += look(loop));
                }

                Volatile.Write(ref over, true);
                return failure;
            });
            await main(() => !Volatile.Read(ref over));
            (await looks).Should().BeNull();
        });
        told.Should().BePositive("something was to be seen");
    }
}
