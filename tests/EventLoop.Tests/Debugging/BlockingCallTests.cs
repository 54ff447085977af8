using System.Diagnostics;

namespace EventLoop.Tests.Debugging;

public sealed class BlockingCallTests : LoopTest
{
    public static TheoryData<string> BlockingCalls => [.. Blocking.Keys];

    private static Dictionary<string, Action<Task<int>>> Blocking => new()
    {
        ["Task.Wait"] = static task => task.Wait(),
        ["Task.Result"] = static task => _ = task.Result,
        ["GetAwaiter().GetResult()"] = static task => task.GetAwaiter().GetResult(),
        ["WaitHandle.WaitOne"] = static task => ((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(10)),
    };

    [Theory]
    [MemberData(nameof(BlockingCalls))]
    public void Throw_makes_a_blocking_call_on_the_loop_thread_throw(string call) => RunLoop(async () =>
    {
        Exception? thrown = Record.Exception(() => Blocking[call](Never()));

        (thrown is AggregateException ? thrown.InnerException : thrown).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().ContainAny("await", "ToThread");
    }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });

    [Theory]
    [MemberData(nameof(BlockingCalls))]
    public void Warn_logs_a_blocking_call_and_lets_it_wait(string call)
    {
        RunLoop(async () =>
        {
            int before = Logger.Warnings.Count();
            Record.Exception(() => Blocking[call](DoneWhenWarned())).Should().BeNull();

            Logger.Warnings.Skip(before).Should().NotBeEmpty();
        }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Warn, SlowStepThreshold = TimeSpan.FromMinutes(1) });
    }

    [Fact]
    public void Warn_and_Throw_work_without_debug_mode_too()
    {
        RunLoop(async () =>
        {
            Record.Exception(() => DoneWhenWarned().Wait()).Should().BeNull();
            Logger.Warnings.Should().NotBeEmpty();
        }, Options with { Debug = false, BlockingCalls = BlockingCallPolicy.Warn });

        RunLoop(async () => Record.Exception(static () => Never().Wait()).Should().BeOfType<InvalidOperationException>(),
            Options with { Debug = false, BlockingCalls = BlockingCallPolicy.Throw });
    }

    [Fact]
    public void Ignore_says_nothing()
    {
        RunLoop(async () => Shortly().Wait(), Options with { Debug = false, BlockingCalls = BlockingCallPolicy.Ignore });

        Logger.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void A_blocking_call_never_pumps_the_loop()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(() => Log.Add("callback"));
            DoneWhenWarned().Wait();
            Log.Add("after the wait");
            await Loop.Yield();
        }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Warn });

        Log.Should().Equal("after the wait", "callback");
    }

    [Fact]
    public void A_call_that_does_not_need_to_block_is_allowed()
    {
        RunLoop(async () =>
        {
            Task.CompletedTask.Wait();
            Task.FromResult(1).Result.Should().Be(1);
        }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lock_that_another_thread_holds_for_a_moment_is_no_blocking_call(bool isNew)
    {
        object plain = new();
        Lock modern = new();
        RunLoop(async () =>
        {
            Thread holder = Hold(plain, modern, isNew, whileHeld: static caller => UntilBlocked(caller));

            Record.Exception(() => Take(plain, modern, isNew)).Should().BeNull();
            await Loop.ToThread(holder.Join);
        }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lock_that_another_thread_keeps_is_a_blocking_call(bool isNew)
    {
        object plain = new();
        Lock modern = new();
        using var refused = new ManualResetEventSlim();
        RunLoop(async () =>
        {
            Thread holder = Hold(plain, modern, isNew, whileHeld: _ => refused.Wait(TimeSpan.FromSeconds(10)));

            Record.Exception(() => Take(plain, modern, isNew)).Should().BeOfType<InvalidOperationException>();
            refused.Set();
            await Loop.ToThread(holder.Join);
        }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });
    }

    [Fact]
    public void The_first_asynchronous_local_of_a_coroutine_is_no_blocking_call()
    {
        var local = new AsyncLocal<int>();
        RunLoop(async () =>
        {
            await Loop.Yield();
            await Set();
        }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });

        async Coroutine Set()
        {
            local.Value = 1;
            await Loop.Yield();
        }
    }

    [Fact]
    public void A_loop_that_is_made_in_a_step_of_another_under_a_suppressed_flow_does_not_block_that() => RunLoop(async () =>
    {
        using (ExecutionContext.SuppressFlow())
        {
            new Loop(Options).Dispose();
        }
    }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });

    [Fact]
    [RealTime("a process ends when it ends")]
    public void Disposing_a_process_is_no_blocking_call() => RunLoop(async () =>
    {
        using Process process = Echo();
        process.StandardInput.Close();
        await process.WaitForExitAsync();
    }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [RealTime("a process ends when it ends")]
    public void What_the_platform_waits_for_inside_another_call_is_a_blocking_call_only_if_it_lasts(bool lasts) => RunLoop(async () =>
    {
        // On a busy machine what is short may last: then once more.
        Exception? refusal = await WaitForProcess();
        var patience = Stopwatch.StartNew();
        for (int attempt = 1; refusal is null == lasts && patience.Elapsed < TimeSpan.FromSeconds(40); attempt++)
        {
            await Loop.Sleep(20 * attempt);
            refusal = await WaitForProcess();
        }

        (refusal is not null).Should().Be(lasts, $"the outcome was {refusal?.ToString() ?? "no exception"}");

        async Coroutine<Exception?> WaitForProcess()
        {
            using Process process = Echo();
            var caller = Thread.CurrentThread;
            bool isOver = false;
            var closer = new Thread(() =>
            {
                SpinWait.SpinUntil(() => Volatile.Read(ref isOver) || caller.ThreadState.HasFlag(System.Threading.ThreadState.WaitSleepJoin));
                process.StandardInput.Close();
            });
            if (!lasts)
            {
                closer.Start();
            }

            Exception? thrown = Record.Exception(process.WaitForExit);      // by a delegate: the JIT inlines no frame of the platform's away
            Volatile.Write(ref isOver, true);      // refused before the other thread saw it wait

            if (lasts)
            {
                process.StandardInput.Close();
            }
            else
            {
                await Loop.ToThread(closer.Join);
            }

            await process.WaitForExitAsync();
            return thrown;
        }
    }, DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });

    private static Process Echo() => Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    [Fact]
    public void The_work_of_ToThread_may_block() => RunLoop(async () =>
        (await Loop.ToThread(static () => Shortly().Result)).Should().Be(5), DebugOptions with { BlockingCalls = BlockingCallPolicy.Throw });

    private static Task<int> Never() => new TaskCompletionSource<int>().Task;

    private static void Take(object plain, Lock modern, bool isNew)
    {
        if (isNew)
        {
            lock (modern)
            {
            }
        }
        else
        {
            lock (plain)
            {
            }
        }
    }

    /// <summary>Returns when a new thread has the lock.</summary>
    private static Thread Hold(object plain, Lock modern, bool isNew, Action<Thread> whileHeld)
    {
        var caller = Thread.CurrentThread;
        int held = 0;
        var holder = new Thread(() =>
        {
            if (isNew)
            {
                lock (modern)
                {
                    Stay();
                }
            }
            else
            {
                lock (plain)
                {
                    Stay();
                }
            }
        });
        holder.Start();
        SpinWait.SpinUntil(() => Volatile.Read(ref held) != 0);
        return holder;

        void Stay()
        {
            Volatile.Write(ref held, 1);
            whileHeld(caller);
        }
    }

    /// <summary>Completes when the caller blocks.</summary>
    private static Task<int> Shortly()
    {
        var caller = Thread.CurrentThread;
        return CompletedBy(() => UntilBlocked(caller));
    }

    /// <summary>Completes when the loop has logged that the caller blocks.</summary>
    private Task<int> DoneWhenWarned()
    {
        int before = Logger.Warnings.Count();
        return CompletedBy(() => SpinWait.SpinUntil(() => Logger.Warnings.Count() > before, TimeSpan.FromSeconds(5)));
    }

    /// <summary>On a thread of its own, because work on the pool could be run inline by who waits for it.</summary>
    private static Task<int> CompletedBy(Action before)
    {
        var source = new TaskCompletionSource<int>();
        var completer = new Thread(() =>
        {
            before();
            source.SetResult(5);
        });
        completer.Start();
        return source.Task;
    }
}
