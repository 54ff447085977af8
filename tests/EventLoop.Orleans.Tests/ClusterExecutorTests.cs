using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EventLoop.Executors.Work;

namespace EventLoop.Orleans.Tests;

[Collection(ClusterTests.Name)]
public sealed class ClusterExecutorTests(Cluster cluster)
{
    private static readonly ConcurrentDictionary<string, int> Counts = new();

    private ClusterExecutor New(ClusterExecutorOptions? options = null) => new(cluster.Client, options);

    private static void RunLoop(Func<Coroutine> main) =>
        Loop.Run(async Coroutine () => await Loop.WaitFor(main(), TimeSpan.FromSeconds(60)), new LoopOptions { HandleInterrupt = false });

    private static async Coroutine<Exception?> Catch<T>(Coroutine<T> coroutine)
    {
        try
        {
            await coroutine;
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static async Coroutine<Exception?> Catch(LoopAwaitable awaitable)
    {
        try
        {
            await awaitable;
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static int Twice(int number) => number * 2;

    [Fact]
    public void Functions_run_on_silos_and_their_results_come_back_to_the_loop() => RunLoop(async () =>
    {
        var executor = New();
        int thread = Environment.CurrentManagedThreadId;
        (await executor.Run(Twice, 4)).Should().Be(8);
        Environment.CurrentManagedThreadId.Should().Be(thread);
        (await executor.Run(static () => "hello")).Should().Be("hello");
        (await executor.Run(static (double[] numbers) => numbers.Sum(), new[] { 1.5, 2.5 })).Should().Be(4);
        (await executor.Run(static ((string Name, int Age) person) => person with { Age = person.Age + 1 }, ("Anna", 41))).Should().Be(("Anna", 42));
        await executor.Run(static () => { });
        await executor.Run(static (int _) => { }, 1);
        (await executor.Run(static (int x, WorkerContext context) => x + (context.CancellationToken.CanBeCanceled ? 1 : 0), 1)).Should().Be(2);
        executor.Statistics.Completed.Should().Be(7);
    });

    [Fact]
    public void Asynchronous_functions_run_on_a_loop_of_the_silo() => RunLoop(async () =>
    {
        var executor = New();
        (await executor.Run(static async Coroutine<string> (int number) =>
        {
            await Loop.Sleep(1);
            return $"{Loop.Current.Name} {number}";
        }, 3)).Should().Be("silo-work 3");
        await executor.Run(static async Coroutine () => await Loop.Yield());
        (await executor.Run(static async Task<int> (int number) =>
        {
            await Task.Delay(1);
            return number;
        }, 3)).Should().Be(3);
    });

    [Fact]
    public void Work_leaves_the_scheduler_of_the_silo_and_is_spread_over_the_silos() => RunLoop(async () =>
    {
        var executor = New();
        var places = await Loop.Gather(Enumerable.Range(0, 128).Select(_ => executor.Run(static () => (Thread.CurrentThread.Name, ClusterWork.Silo))));
        places.Should().OnlyContain(static place => place.Name!.StartsWith("cluster-work-", StringComparison.Ordinal));
        places.Select(static place => place.Silo).Distinct().Should().HaveCount(2);
    });

    [Fact]
    public void What_captures_something_is_refused_at_the_call()
    {
        int outside = 3;
        var executor = New();
        FluentActions.Invoking(() => executor.Run((int x) => x + outside, 1)).Should().Throw<ArgumentException>().WithMessage("*'outside'*");
        FluentActions.Invoking(() => executor.Map((int x) => x + outside, [1])).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void What_work_throws_is_thrown_here_with_its_stack() => RunLoop(async () =>
    {
        var executor = New();
        var failure = await Catch(executor.Run(static (int x) => x > 0 ? throw new InvalidDataException("boom") : x, 1));
        failure.Should().BeOfType<InvalidDataException>().Which.StackTrace.Should().Contain(nameof(What_work_throws_is_thrown_here_with_its_stack));
        executor.Statistics.Failed.Should().Be(1);
        (await Catch(executor.Run(static async Coroutine<int> () =>
        {
            await Loop.Yield();
            throw new FormatException("later");
        }))).Should().BeOfType<FormatException>();
    });

    [Fact]
    public void A_function_of_another_build_is_refused_with_both_versions_named() => RunLoop(async () =>
    {
        var calls = new ClusterCalls(cluster.Client, new ClusterExecutorOptions());
        var name = WorkName.Of((Func<int, int>)Twice) with { Build = Guid.NewGuid(), Version = "9.9" };
        var failure = await Catch(((Func<Coroutine<int>>)(async Coroutine<int> () =>
        {
            await calls.RunAsync(name, new byte[4], false, new WorkRetry(3, null), null, CancellationToken.None);
            return 0;
        }))());
        failure.Should().BeOfType<WorkRefusedException>().Which.Message.Should().Contain("9.9").And.Contain(WorkName.Of((Func<int,
            int>)Twice).Version).And.Contain("build");
        calls.Statistics.Refused.Should().Be(1);
        calls.Statistics.Retried.Should().Be(0);
    });

    // ---- Cancellation and time

    [Fact]
    public void A_cancellation_reaches_the_work_and_the_wait_ends_when_it_has() => RunLoop(async () =>
    {
        var executor = New();
        string key = Guid.NewGuid().ToString();
        var task = Loop.CreateTask(executor.Run(
            static (string key, WorkerContext context) =>
            {
                Counts[key] = 1;
                context.CancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(20));
                Counts[key] = 2;
                context.CancellationToken.ThrowIfCancellationRequested();
                return 0;
            },
            key));
        while (!Counts.ContainsKey(key))
        {
            await Loop.Sleep(1);
        }

        task.Cancel();
        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Counts[key].Should().Be(2);
        executor.Statistics.Canceled.Should().Be(1);
        executor.Statistics.InFlight.Should().Be(0);
    });

    [Fact]
    public void Work_that_waits_on_the_silo_is_withdrawn_and_never_begins() => RunLoop(async () =>
    {
        var executor = New();
        var gates = Enumerable.Range(0, 8).Select(_ => Loop.CreateTask(executor.Run(static (TimeSpan limit) => Opened.Wait(limit), TimeSpan.FromSeconds(20)))).ToList();
        await Loop.Sleep(100);
        string key = Guid.NewGuid().ToString();
        var waits = Enumerable.Range(0, 8).Select(_ => Loop.CreateTask(executor.Run(static (string key) => Counts[key] = 1, key))).ToList();
        await Loop.Sleep(50);
        waits.ForEach(static task => task.Cancel());
        foreach (var task in waits)
        {
            (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        }

        Opened.Set();
        await Loop.Gather(gates.Select(static gate => gate.AsCoroutine()));
        Counts.Should().NotContainKey(key);
    });

    private static readonly ManualResetEventSlim Opened = new();     // what keeps all threads of the silos meanwhile

    private static int Block(TimeSpan time)
    {
        Thread.Sleep(time);
        return 0;
    }

    [Fact]
    public void Work_that_heeds_no_cancellation_is_given_up_after_its_grace_and_keeps_nobody_else() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { CancelGrace = TimeSpan.FromSeconds(0.2) });
        var deaf = Enumerable.Range(0, 8).Select(_ => Loop.CreateTask(executor.Run(Block, TimeSpan.FromSeconds(6)))).ToList();
        await Loop.Sleep(100);
        deaf.ForEach(static task => task.Cancel());
        foreach (var task in deaf)
        {
            (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        }

        var others = await Loop.WaitFor(Loop.Gather(Enumerable.Range(0, 16).Select(i => executor.Run(Twice, i))), TimeSpan.FromSeconds(3));
        others.Should().HaveCount(16);
    });

    [Fact]
    public void Work_that_does_not_end_at_its_time_limit_is_given_up_after_its_grace_and_keeps_nobody_else() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { TaskTimeout = TimeSpan.FromSeconds(0.2), CancelGrace = TimeSpan.FromSeconds(0.2) });
        var deaf = Enumerable.Range(0, 8).Select(_ => Loop.CreateTask(executor.Run(Block, TimeSpan.FromSeconds(6)))).ToList();
        foreach (var task in deaf)
        {
            (await Catch(task)).Should().BeOfType<TimeoutException>();
        }

        var others = await Loop.WaitFor(Loop.Gather(Enumerable.Range(0, 16).Select(i => New().Run(Twice, i))), TimeSpan.FromSeconds(3));
        others.Should().HaveCount(16);
    });

    [Fact]
    public void Asynchronous_work_that_would_end_a_program_fails_and_the_silo_lives() => RunLoop(async () =>
    {
        var executor = New();
        (await Catch(executor.Run(static async Coroutine<int> () => throw new LoopExitException(3)))).Should().NotBeNull().And.NotBeOfType<SiloLostException>();
        (await executor.Run(Twice, 4)).Should().Be(8);
        (await executor.Run(static async Coroutine<int> () =>
        {
            await Loop.Yield();
            return 7;
        })).Should().Be(7);
    });

    [Fact]
    public void A_time_limit_is_a_TimeoutException_and_cancels_the_work() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { TaskTimeout = TimeSpan.FromSeconds(0.2) });
        string key = Guid.NewGuid().ToString();
        var failure = await Catch(executor.Run(
            static (string key, WorkerContext context) =>
            {
                context.CancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(20));
                Counts[key] = 1;
                return 0;
            },
            key));
        failure.Should().BeOfType<TimeoutException>().Which.Message.Should().Contain("did not end within");
        while (!Counts.ContainsKey(key))
        {
            await Loop.Sleep(1);
        }

        executor.Statistics.TimedOut.Should().Be(1);
        (await executor.Run(Twice, 1)).Should().Be(2);
    });

    [Fact]
    public void Work_that_takes_longer_than_a_call_may_is_waited_for() => RunLoop(async () =>
    {
        (await New().Run(Block, TimeSpan.FromSeconds(7))).Should().Be(0);
    });

    // ---- Many

    [Fact]
    public void Map_gives_the_results_in_the_order_of_the_arguments_alone_and_in_chunks() => RunLoop(async () =>
    {
        var executor = New();
        foreach (int chunk in (int[])[1, 7])
        {
            var results = new List<int>();
            await foreach (int result in executor.Map(Twice, Enumerable.Range(0, 100), chunk))
            {
                results.Add(result);
            }

            results.Should().Equal(Enumerable.Range(0, 100).Select(Twice));
        }
    });

    [Fact]
    public void A_failure_keeps_its_place_in_a_map_also_inside_a_chunk() => RunLoop(async () =>
    {
        var executor = New();
        foreach (int chunk in (int[])[1, 4])
        {
            int seen = 0;
            var failure = await Catch(((Func<Coroutine<int>>)(async Coroutine<int> () =>
            {
                await foreach (int result in executor.Map(static (int x) => x == 6 ? throw new InvalidDataException("six") : x, Enumerable.Range(0, 20), chunk))
                {
                    result.Should().Be(seen++);
                }

                return 0;
            }))());
            failure.Should().BeOfType<InvalidDataException>();
            seen.Should().Be(6);
        }
    });

    public sealed record Picky(int Number)
    {
        public int Value => Number == 6 ? throw new InvalidDataException("not to be written") : Number;
    }

    [Fact]
    public void An_argument_that_cannot_be_serialized_fails_in_its_place() => RunLoop(async () =>
    {
        var executor = New();
        var arguments = Enumerable.Range(0, 12).Select(static number => new Picky(number)).ToList();
        foreach (int chunk in (int[])[1, 4])
        {
            int seen = 0;
            var failure = await Catch(((Func<Coroutine<int>>)(async Coroutine<int> () =>
            {
                await foreach (int result in executor.Map(static (Picky argument) => argument.Number, arguments, chunk))
                {
                    result.Should().Be(seen++);
                }

                return 0;
            }))());
            failure.Should().BeOfType<InvalidDataException>();
            seen.Should().Be(6);
        }

        var outcomes = new Dictionary<int, Exception?>();
        await foreach (var (argument, outcome) in executor.AsCompleted(static (Picky argument) => argument.Number, arguments))
        {
            outcomes.Add(argument.Number, outcome.Exception);
        }

        outcomes.Should().HaveCount(12);
        outcomes.Where(static outcome => outcome.Value is not null).Should().ContainSingle().Which.Key.Should().Be(6);
        outcomes[6].Should().BeOfType<InvalidDataException>();
    });

    [Fact]
    public void Map_over_an_endless_source_is_no_further_ahead_than_it_may_be_and_leaving_it_cancels_the_rest() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { MaxInFlight = 8 });
        int taken = 0;
        IEnumerable<int> Endless()
        {
            while (true)
            {
                yield return taken++;
            }
        }

        int seen = 0;
        await foreach (int result in executor.Map(Twice, Endless()))
        {
            if (++seen == 20)
            {
                break;
            }

            taken.Should().BeLessThanOrEqualTo(seen + 9);
        }

        while (executor.Statistics.InFlight > 0)
        {
            await Loop.Sleep(1);
        }
    });

    [Fact]
    public void AsCompleted_gives_results_as_they_come_with_their_arguments_and_failures_among_them() => RunLoop(async () =>
    {
        var executor = New();
        var results = new Dictionary<int, Outcome<int>>();
        await foreach (var (argument, outcome) in executor.AsCompleted(static (int x) =>
            x % 5 == 0 ? throw new InvalidDataException("five") : x * 2, Enumerable.Range(1, 20)))
        {
            results.Add(argument, outcome);
        }

        results.Should().HaveCount(20);
        foreach (var (argument, outcome) in results)
        {
            if (argument % 5 == 0)
            {
                outcome.Exception.Should().BeOfType<InvalidDataException>();
            }
            else
            {
                outcome.Value.Should().Be(argument * 2);
            }
        }
    });

    [Fact]
    public void No_more_is_under_way_than_the_options_allow_and_the_rest_waits() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { MaxInFlight = 3 });
        var tasks = Enumerable.Range(0, 12).Select(_ => Loop.CreateTask(executor.Run(Block, TimeSpan.FromMilliseconds(50)))).ToList();
        await Loop.Yield();
        await Loop.Yield();
        executor.Statistics.InFlight.Should().Be(3);
        executor.Statistics.Waiting.Should().Be(9);
        tasks[11].Cancel();
        (await Catch(tasks[11])).Should().BeOfType<LoopCanceledException>();
        await Loop.Gather(tasks.Take(11).Select(static task => task.AsCoroutine()));
        executor.Statistics.Completed.Should().Be(11);
    });

    [Fact]
    public void Progress_comes_to_the_callers_loop_in_order_and_before_the_result() => RunLoop(async () =>
    {
        var seen = new List<int>();
        int thread = Environment.CurrentManagedThreadId;
        int result = await New().Run(
            static (int count, WorkerContext<int> context) =>
            {
                for (int i = 0; i < count; i++)
                {
                    context.Report(i);
                }

                return count;
            },
            200,
            (int progress) =>
            {
                Environment.CurrentManagedThreadId.Should().Be(thread);
                seen.Add(progress);
            });
        result.Should().Be(200);
        seen.Should().Equal(Enumerable.Range(0, 200));
    });

    [Fact]
    public void Progress_goes_on_after_collections() => RunLoop(async () =>
    {
        var seen = new List<int>();
        int result = await New().Run(
            static (int count, WorkerContext<int> context) =>
            {
                for (int i = 0; i < count; i++)
                {
                    context.Report(i);
                    GC.Collect();
                }

                return count;
            },
            20,
            (int progress) => seen.Add(progress));
        result.Should().Be(20);
        seen.Should().Equal(Enumerable.Range(0, 20));
    });

    [Fact]
    public void What_a_progress_callback_throws_is_thrown_by_Run_and_cancels_the_work() => RunLoop(async () =>
    {
        var failure = await Catch(New().Run(
            static (int count, WorkerContext<int> context) =>
            {
                for (int i = 0; i < count; i++)
                {
                    context.Report(i);
                    context.CancellationToken.ThrowIfCancellationRequested();
                    Thread.Sleep(1);
                }

                return count;
            },
            100_000,
            (int progress) =>
            {
                if (progress == 3)
                {
                    throw new InvalidDataException("three");
                }
            }));
        failure.Should().BeOfType<InvalidDataException>();
    });

    [Fact]
    public void A_serializer_of_the_users_is_made_on_the_silo_as_well() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { Serializer = new Reversed() });
        (await executor.Run(static (List<string> words) => words.Append("b").ToList(), ["a"])).Should().Equal("a", "b");
        FluentActions.Invoking(() => new ClusterExecutorOptions { Serializer = new Needy(1) }).Should().Throw<ArgumentException>();
    });

    public sealed class Reversed : IWorkSerializer
    {
        private static readonly JsonWorkSerializer Json = new();

        public void Serialize<T>(T value, IBufferWriter<byte> destination)
        {
            var written = new ArrayBufferWriter<byte>();
            Json.Serialize(value, written);
            byte[] bytes = written.WrittenSpan.ToArray();
            Array.Reverse(bytes);
            destination.Write(bytes);
        }

        public T Deserialize<T>(ReadOnlySpan<byte> bytes)
        {
            byte[] copy = bytes.ToArray();
            Array.Reverse(copy);
            return Json.Deserialize<T>(copy);
        }
    }

    [Fact]
    public void JSON_with_options_is_a_class_of_the_users_that_the_silo_can_make() => RunLoop(async () =>
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        FluentActions.Invoking(() => new ClusterExecutorOptions { Serializer = new JsonWorkSerializer(options) })
            .Should().Throw<ArgumentException>().WithMessage("*Derive a class*");
        var executor = New(new ClusterExecutorOptions { Serializer = new CamelJson() });
        (await executor.Run(static (Named given) => new Named($"{given.Name}!"), new Named("ann"))).Should().Be(new Named("ann!"));
        executor = New(new ClusterExecutorOptions { Serializer = new JsonWorkSerializer() });
        (await executor.Run(static (Named given) => new Named($"{given.Name}!"), new Named("ann"))).Should().Be(new Named("ann!"));
    });

    public sealed record Named(string? Name);

    public sealed class CamelJson() : JsonWorkSerializer(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public sealed class Needy(int number) : IWorkSerializer
    {
        public void Serialize<T>(T value, IBufferWriter<byte> destination) => throw new NotSupportedException($"{number}");

        public T Deserialize<T>(ReadOnlySpan<byte> bytes) => throw new NotSupportedException();
    }

    // ---- As an executor, and the end

    [Fact]
    public void It_is_an_executor_for_RunInExecutor_from_any_thread() => RunLoop(async () =>
    {
        var executor = New();
        (await executor.SubmitAsync(static () => 7)).Should().Be(7);
        (await Task.Run(() => executor.SubmitAsync(static () => 8))).Should().Be(8);
        (await Loop.RunInExecutor(executor, static () => 9)).Should().Be(9);
        await Loop.RunInExecutor(executor, static () => Volatile.Write(ref noted, 10));
        Volatile.Read(ref noted).Should().Be(10, "the silo of the tests is in this process");
        int captured = 11;
        (await Catch(Loop.RunInExecutor(executor, () => captured))).Should().BeOfType<ArgumentException>();
    });

    private static int noted;

    [Fact]
    public void A_stop_lets_work_end_within_its_time_and_cancels_the_rest() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { CancelGrace = TimeSpan.FromSeconds(0.1) });
        await executor.Run(Twice, 1);
        var quick = Loop.CreateTask(executor.Run(Block, TimeSpan.FromMilliseconds(50)));
        var slow = Loop.CreateTask(executor.Run(Block, TimeSpan.FromSeconds(4)));
        await Loop.Sleep(20);
        (await executor.StopAsync(TimeSpan.FromSeconds(0.5))).Should().Be(1);
        (await quick).Should().Be(0);
        (await Catch(slow)).Should().BeAssignableTo<OperationCanceledException>();
        (await Catch(executor.Run(Twice, 1))).Should().BeOfType<ObjectDisposedException>();
        (await executor.StopAsync()).Should().Be(0);
        await executor.DisposeAsync();
    });

    [Fact]
    public void After_its_disposal_it_takes_no_work_whichever_way_it_comes() => RunLoop(async () =>
    {
        var executor = New();
        await executor.DisposeAsync();
        (await Catch(executor.Run(Twice, 1))).Should().BeOfType<ObjectDisposedException>();
        (await Catch(executor.Retry().Run(Twice, 1))).Should().BeOfType<ObjectDisposedException>();
        await FluentActions.Awaiting(() => executor.SubmitAsync(static () => 7)).Should().ThrowAsync<ObjectDisposedException>();
    });

    [Fact]
    public void A_stop_may_have_any_time_and_is_refused_a_negative_one_before_it_stops_anything() => RunLoop(async () =>
    {
        var executor = New();
        (await Catch(executor.StopAsync(TimeSpan.FromSeconds(-5)))).Should().BeOfType<ArgumentOutOfRangeException>().Which.ParamName.Should().Be("timeout");
        (await executor.Run(Twice, 1)).Should().Be(2, "it was not stopped");
        var slow = Loop.CreateTask(executor.Run(Block, TimeSpan.FromMilliseconds(50)));
        await Loop.Yield();
        (await executor.StopAsync(TimeSpan.MaxValue)).Should().Be(0);
        (await slow).Should().Be(0);
        (await executor.StopAsync(Timeout.InfiniteTimeSpan)).Should().Be(0);
    });

    private static int UntilCancelled(int number, WorkerContext context)
    {
        context.CancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)).Should().BeTrue();
        throw new OperationCanceledException(context.CancellationToken);
    }

    [Fact]
    public void A_stop_may_give_what_it_cancels_any_time() => RunLoop(async () =>
    {
        var executor = New(new ClusterExecutorOptions { CancelGrace = TimeSpan.MaxValue });
        await executor.Run(Twice, 1);
        var slow = Loop.CreateTask(executor.Run(UntilCancelled, 1));
        await Loop.Yield();
        (await executor.StopAsync(TimeSpan.Zero)).Should().Be(1);
        (await Catch(slow)).Should().BeAssignableTo<OperationCanceledException>();
    });

    [Fact]
    public void Work_under_Retry_reads_its_key_and_its_attempt() => RunLoop(async () =>
    {
        var executor = New();
        (await executor.Run(static () => (ClusterWork.IdempotencyKey, ClusterWork.Attempt))).Should().Be((null, 1));
        (await executor.Retry(3, "order-7").Run(static () => (ClusterWork.IdempotencyKey, ClusterWork.Attempt))).Should().Be(("order-7", 1));
        var keys = await Loop.Gather(Enumerable.Range(0, 3).Select(_ => executor.Retry().Run(static () => ClusterWork.IdempotencyKey)));
        keys.Should().OnlyHaveUniqueItems().And.NotContainNulls();
        ClusterWork.Attempt.Should().Be(0);
    });

    [Fact]
    public void Each_argument_of_many_under_Retry_has_a_key_of_its_own_also_in_a_chunk() => RunLoop(async () =>
    {
        var executor = New();
        foreach (int chunk in (int[])[1, 4])
        {
            var made = new List<string?>();
            await foreach (string? key in executor.Retry().Map(static (int _) => ClusterWork.IdempotencyKey, Enumerable.Range(0, 10), chunk))
            {
                made.Add(key);
            }

            made.Should().HaveCount(10).And.OnlyHaveUniqueItems().And.NotContainNulls();

            var given = new List<string?>();
            await foreach (string? key in executor.Retry(3, "order").Map(static (int _) => ClusterWork.IdempotencyKey, Enumerable.Range(0, 10), chunk))
            {
                given.Add(key);
            }

            given.Should().Equal(Enumerable.Range(0, 10).Select(static place => $"order-{place}"));
        }

        await foreach (var (place, key) in executor.Retry(3, "order").AsCompleted(static (int _) => ClusterWork.IdempotencyKey, Enumerable.Range(0, 10)))
        {
            key.Value.Should().Be($"order-{place}");
        }

        await foreach (string? key in executor.Map(static (int _) => ClusterWork.IdempotencyKey, Enumerable.Range(0, 10), chunk: 4))
        {
            key.Should().BeNull();
        }
    });

    private static readonly AsyncLocal<int> Left = new();

    private static (int Left, string Minus) LeaveBehind(int number)
    {
        var found = (Left.Value, CultureInfo.CurrentCulture.NumberFormat.NegativeSign);
        var own = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        own.NumberFormat.NegativeSign = "minus";
        CultureInfo.CurrentCulture = own;
        Left.Value = number;
        return found;
    }

    [Fact]
    public void What_a_piece_of_work_sets_in_its_context_is_nothing_of_the_next_ones() => RunLoop(async () =>
    {
        var executor = New();
        var clean = (0, CultureInfo.CurrentCulture.NumberFormat.NegativeSign);
        var found = await Loop.Gather(Enumerable.Range(1, 40).Select(number => executor.Run(LeaveBehind, number)));
        found.Should().OnlyContain(one => one.Equals(clean));
        await foreach (var one in executor.Map(LeaveBehind, Enumerable.Range(1, 20), chunk: 5))
        {
            one.Should().Be(clean);
        }

        found = await Loop.Gather(Enumerable.Range(1, 20).Select(number => executor.Run(
            static async Coroutine<(int Left, string Minus)> (int number) =>
            {
                var found = LeaveBehind(number);
                await Loop.Yield();
                return found;
            },
            number)));
        found.Should().OnlyContain(one => one.Equals(clean));
    });
}
