using EventLoop.Testing;

namespace EventLoop.Tests.Scheduling;

/// <summary>
/// Random trees of everything that can be combined, with failures, deadlines and cancellations at random moments. Whatever happens in them,
/// they end, only the exceptions that they throw come out, and nothing is left behind on the loop.
/// </summary>
public sealed class RandomProgramsTests : LoopTest
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_random_program_ends_and_leaves_nothing_behind(int block)
    {
        for (int seed = block * 100; seed < (block + 1) * 100; seed++)
        {
            Run(new Program(seed), JumpingTime);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void A_random_program_ends_and_leaves_nothing_behind_under_a_random_schedule(int block)
    {
        for (int seed = block * 100; seed < (block + 1) * 100; seed++)
        {
            Run(new Program(seed), JumpingTime with { Seed = seed });
        }
    }

    [Fact]
    public void A_random_program_ends_and_leaves_nothing_behind_when_other_threads_take_part_in_it()
    {
        for (int seed = 800; seed < 900; seed++)
        {
            Run(new Program(seed, threads: true), JumpingTime with { Seed = seed });
        }
    }

    [Fact]
    public void A_random_program_ends_in_debug_mode_as_well()
    {
        for (int seed = 600; seed < 650; seed++)
        {
            Run(new Program(seed), JumpingTime with { Debug = true, Seed = seed });
        }
    }

    [Fact]
    public void A_random_program_can_be_cancelled_at_any_moment()
    {
        for (int seed = 700; seed < 800; seed++)
        {
            var program = new Program(seed);
            RunLoop(async () =>
            {
                LoopTask main = Loop.CreateTask(program.Part(4));
                await Yields(program.Random.Next(20));
                main.Cancel();
                await Catch(main);
                await LeavesNothing(program);
            }, JumpingTime with { Seed = seed });
        }
    }

    private void Run(Program program, LoopOptions options)
    {
        RunLoop(async () =>
        {
            Exception? thrown = await Catch(program.Part(4));
            IsOwn(thrown).Should().BeTrue("seed {0} threw {1}", program.Seed, thrown);
            Loop.CurrentTask!.CancelRequests.Should().Be(0, "seed {0}", program.Seed);
            await LeavesNothing(program);
        }, options);
        Reported.Should().NotContain(static context => !IsOwn(context.Exception), "seed {0}", program.Seed);
    }

    private static async Coroutine LeavesNothing(Program program)
    {
        // What goes on are tasks that a failed Gather has let run, and the program's own timers.
        int rounds = 0;
        do
        {
            await Loop.Sleep(Program.LongestDelay * 3);
            if (program.Threads)
            {
                await TestLoop.HoldTime(Task.Run(static () => { }));      // a chance for what is on its way from the pool: nobody has announced it
            }
        }
        while ((Loop.AllTasks().Count > 1 || Loop.Current.Statistics.TimerCount > 0) && ++rounds < 1000);

        LoopStatistics statistics = Loop.Current.Statistics;
        string left = string.Join("; ", Loop.AllTasks().Select(static task => $"{task.Name} {task.Status} {task.WaitingOn}"));
        statistics.TaskCount.Should().Be(1, "seed {0} leaves {1}", program.Seed, left);
        statistics.WaitingCount.Should().Be(0, "seed {0}", program.Seed);
        statistics.TimerCount.Should().Be(0, "seed {0}", program.Seed);
    }

    private static bool IsOwn(Exception? exception) => exception switch
    {
        null or InvalidDataException or OperationCanceledException => true,
        TimeoutException timeout => IsOwn(timeout.InnerException),
        AggregateException group => group.InnerExceptions.All(IsOwn),
        _ => false,
    };

    /// <summary>With <paramref name="threads"/> half of its leaves work on the thread pool, and hold the time until they are back.</summary>
    private sealed class Program(int seed, bool threads = false)
    {
        public static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(50);

        public int Seed => seed;

        public bool Threads => threads;

        public Random Random { get; } = new(seed);

        public async Coroutine<int> Part(int depth)
        {
            if (depth == 0)
            {
                return await Leaf();
            }

            switch (Random.Next(12))
            {
                case 0:
                    return (await Loop.Gather(Parts(depth))).Sum();
                case 1:
                    return (await Loop.GatherOutcomes(Parts(depth))).Count(static outcome => outcome.IsSuccess);
                case 2:
                    await TaskGroup.Run(async group =>
                    {
                        foreach (Coroutine<int> part in Parts(depth))
                        {
                            group.StartSoon(part);
                        }

                        await Part(depth - 1);
                    });
                    return 1;
                case 3:
                    return await Loop.Timeout(Delay(), async _ => await Part(depth - 1));
                case 4:
                    return (await CancelScope.MoveOnAfter(Delay(), async _ => await Part(depth - 1))).IsSuccess ? 1 : 0;
                case 5:
                    return await Loop.WaitFor(Part(depth - 1), Delay());
                case 6:
                    return await Loop.Shield(Part(depth - 1));
                case 7:
                    LoopTask<int> cancelled = Loop.CreateTask(Part(depth - 1));
                    await Yields(Random.Next(4));
                    cancelled.Cancel();
                    return await cancelled;
                case 8:
                    await Catch(Part(depth - 1));
                    return await Part(depth - 1);
                case 9:
                    LoopTask<int>[] tasks = [.. Parts(depth).Select(static part => Loop.CreateTask(part))];
                    WaitResult<LoopTask<int>> result = await Loop.Wait(tasks, Delay(), (ReturnWhen)Random.Next(3));
                    return result.Done.Count;
                case 10:
                    int sum = 0;
                    await foreach (LoopTask<int> task in Loop.AsCompleted(Parts(depth), Delay()))
                    {
                        sum += await task;
                    }

                    return sum;
                default:
                    await CancelScope.Run(async scope =>
                    {
                        Loop.Current.CallLater(Delay(), () => scope.Cancel(grace: Random.Next(2) == 0 ? null : Delay()));
                        await CancelScope.Run(async _ => await Part(depth - 1), shield: Random.Next(2) == 0);
                        await Loop.Yield();
                    });
                    return 1;
            }
        }

        private async Coroutine<int> Leaf()
        {
            if (threads && Random.Next(2) == 0)
            {
                return await ForeignLeaf();
            }

            switch (Random.Next(6))
            {
                case 0:
                    throw new InvalidDataException($"seed {Seed}");
                case 1:
                    await Yields(Random.Next(5));
                    throw new InvalidDataException($"seed {Seed}");
                case 2:
                    await Loop.Sleep(Delay());
                    return 1;
                case 3:
                    await Catch(Loop.Sleep(Delay()));
                    await Loop.Sleep(Delay());
                    return 1;
                default:
                    await Yields(Random.Next(5));
                    return 1;
            }
        }

        private async Coroutine<int> ForeignLeaf()
        {
            switch (Random.Next(6))
            {
                case 0:
                    return await TestLoop.HoldTime(Task.Run(static () => 1));
                case 1:
                    return await Loop.ToThread(static () => 1);
                case 2:
                    await Task.Delay(Delay(), TestLoop.Clock).OnLoop();
                    return 1;
                case 3:
                    await Task.Delay(Delay(), TestLoop.Clock, Loop.CancellationToken).ConfigureAwait(false);
                    return 1;
                case 4:
                    Loop loop = Loop.Current;
                    LoopFuture<int> future = loop.CreateFuture<int>();
                    _ = TestLoop.HoldTime(Task.Run(() => loop.Post(static f => f.TrySetResult(1), future)));
                    return await future;
                default:
                    await TestLoop.HoldTime(Task.Run(() => throw new InvalidDataException($"seed {Seed}")));
                    return 1;
            }
        }

        private Coroutine<int>[] Parts(int depth) => [.. Enumerable.Range(0, Random.Next(1, 4)).Select(_ => Part(depth - 1))];

        private TimeSpan Delay() => Random.NextDouble() * LongestDelay;
    }
}
