using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Combining;

/// <summary>What is over stays attached to nothing that lives on: one long-lived task, future or .NET task is waited for again and again.</summary>
public sealed class CombiningLeakTests : LoopTest
{
    private readonly InvalidDataException _failure = new("boom");

    public static TheoryData<string> Forms => [.. Combinators.Keys];

    // Each waits for the long-lived one beside a child that fails, or for a moment; and ends, in whichever way, while the long-lived one goes on.
    private static readonly Dictionary<string, Func<LoopTask<int>, LoopTask<int>, Coroutine>> Combinators = new()
    {
        ["Gather of awaitables"] = (stop, child) => Loop.Gather((LoopAwaitable)stop, child),
        ["Gather of values"] = (stop, child) => Loop.Gather(stop, child),
        ["Gather of coroutines"] = (stop, child) => Loop.Gather(stop.AsCoroutine(), child.AsCoroutine()),
        ["Gather of coroutines without values"] = (stop, child) => Loop.Gather((Coroutine)stop, (Coroutine)child),
        ["Gather of a tuple"] = (stop, child) => Loop.Gather<int, int>(stop, child),
        ["Gather of a tuple of coroutines"] = (stop, child) => Loop.Gather<int, int>(stop.AsCoroutine(), child.AsCoroutine()),
        ["Wait"] = async (stop, child) => await Loop.Wait([stop, child], returnWhen: ReturnWhen.FirstException),
        ["AsCompleted"] = async (stop, child) =>
        {
            await foreach (LoopTask<int> done in Loop.AsCompleted([stop, child]))
            {
                await done;
            }
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_failure_leaves_nothing_at_the_children_that_go_on(string form) => RunLoop(async () =>
    {
        LoopTask<int> stop = Loop.CreateTask(StopSignal());
        WeakReference<LoopTask<int>>[] children = new WeakReference<LoopTask<int>>[20];
        for (int i = 0; i < children.Length; i++)
        {
            children[i] = await Failing(Combinators[form], stop);
        }

        await Loop.Yield();
        stop.Awaiters.Should().BeEmpty();
        await NoneAlive(children);
        stop.IsCompleted.Should().BeFalse();
    });

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_cancellation_leaves_nothing_at_a_child_that_swallows_it(string form) => RunLoop(async () =>
    {
        LoopTask<int> deaf = Loop.CreateTask(Deaf());
        WeakReference<LoopTask<int>>[] children = new WeakReference<LoopTask<int>>[10];
        for (int i = 0; i < children.Length; i++)
        {
            children[i] = await Cancelled(Combinators[form], deaf);
        }

        await Loop.Yield();
        deaf.Awaiters.Should().BeEmpty();
        await NoneAlive(children);
        deaf.IsCompleted.Should().BeFalse();
    });

    [Fact]
    public void Futures_are_let_go_of_as_tasks_are() => RunLoop(async () =>
    {
        LoopFuture<int> stop = Loop.Current.CreateFuture<int>();
        for (int i = 0; i < 10; i++)
        {
            LoopFuture<int> failed = Loop.Current.CreateFuture<int>();
            failed.SetException(_failure);
            (await Catch(Loop.Gather(stop, failed))).Should().BeSameAs(_failure);
            (await Catch(Loop.WaitFor(Loop.Shield(stop), Seconds(1)))).Should().BeOfType<TimeoutException>();
        }

        stop.Awaiters.Should().BeEmpty();
    }, JumpingTime);

    [Fact]
    public void A_NET_task_that_lives_long_has_one_continuation_however_many_waits_for_it_were_given_up() => RunLoop(async () =>
    {
        var stop = new TaskCompletionSource<int>();
        for (int i = 0; i < 20; i++)
        {
            (await Catch(Loop.Gather(stop.Task, Task.FromException<int>(_failure)))).Should().BeSameAs(_failure);
            (await Catch(Loop.Gather<int, string>(stop.Task, Task.FromException<string>(_failure)))).Should().BeSameAs(_failure);
            (await Loop.Wait([stop.Task], Seconds(1))).Pending.Should().Equal(stop.Task);
            (await Catch(Loop.WaitFor(stop.Task, Seconds(1)))).Should().BeOfType<TimeoutException>();
            (await Catch(Loop.WaitFor(Loop.Shield(stop.Task), Seconds(1)))).Should().BeOfType<TimeoutException>();
            (await Catch(Loop.WaitFor(stop.Task.OnLoop(), Seconds(1)))).Should().BeOfType<TimeoutException>();
            LoopTask gatherer = Loop.CreateTask(async () => await Loop.Gather(stop.Task));
            await Loop.Yield();
            gatherer.Cancel();
            await Catch(gatherer);
        }

        Continuations(stop.Task).Should().Be(1);
        stop.SetResult(5);
        (await Loop.Gather(stop.Task)).Should().Equal(5);
    }, JumpingTime);

    [Fact]
    public void A_NET_task_that_lives_long_keeps_no_closed_loop_alive()
    {
        var stop = new TaskCompletionSource<int>();
        WeakReference loop = Closed(stop.Task);

        OnThread(() => Loop.Run(Coroutine.Completed, Options));      // the loop that ran last is remembered
        CollectUntil(() => !loop.IsAlive).Should().BeTrue();
        stop.SetException(_failure);
        stop.Task.IsFaulted.Should().BeTrue();

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference Closed(Task<int> task) => OnThread(() =>
        {
            using var loop = new Loop(new LoopOptions { HandleInterrupt = false });
            loop.RunUntilComplete(async () => { await Loop.Wait([task], TimeSpan.Zero); });
            return new WeakReference(loop);
        });
    }

    [Fact]
    public void AsCompleted_that_is_left_early_or_before_its_first_step_leaves_nothing() => RunLoop(async () =>
    {
        LoopTask<int> stop = Loop.CreateTask(StopSignal());
        await foreach (LoopTask<int> done in Loop.AsCompleted([stop, Loop.CreateTask(After(1, 1))]))
        {
            break;
        }

        await Loop.AsCompleted([stop]).GetAsyncEnumerator(TestContext.Current.CancellationToken).DisposeAsync();

        stop.Awaiters.Should().BeEmpty();
    });

    [Fact]
    public void The_later_failure_of_a_child_of_a_gather_that_has_failed_counts_as_looked_at_however_late_it_comes()
    {
        RunLoop(async () =>
        {
            LoopFuture late = Loop.Current.CreateFuture();
            LoopTask<int> later = Loop.CreateTask(ThrowAfter<int>(10, new InvalidTimeZoneException()));
            (await Catch(Loop.Gather((LoopAwaitable)late, later, Loop.CreateTask(ThrowAfter(1, _failure))))).Should().BeSameAs(_failure);
            await Yields(20);
            late.SetException(new InvalidTimeZoneException());

            (late.IsFaulted, later.IsFaulted).Should().Be((true, true));
        });

        Reported.Should().BeEmpty();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Coroutine<WeakReference<LoopTask<int>>> Failing(Func<LoopTask<int>, LoopTask<int>, Coroutine> combine, LoopTask<int> stop)
    {
        LoopTask<int> child = Loop.CreateTask(ThrowAfter<int>(1, new IOException("x")));
        await Catch(combine(stop, child));
        child.IsFaulted.Should().BeTrue();
        _ = child.Exception;
        return new(child);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Coroutine<WeakReference<LoopTask<int>>> Cancelled(Func<LoopTask<int>, LoopTask<int>, Coroutine> combine, LoopTask<int> deaf)
    {
        LoopTask<int> child = Loop.CreateTask(After(1000, 1));
        LoopTask waiter = Loop.CreateTask(async () => await combine(deaf, child));
        await Yields(2);
        waiter.Cancel();
        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();
        child.Cancel();
        await Catch(child);
        return new(child);
    }

    private static async Coroutine<int> StopSignal()
    {
        await Forever();
        return 0;
    }

    private static async Coroutine<int> Deaf()
    {
        for (int i = 0; i < 1000; i++)
        {
            await Catch(Forever());
        }

        return 0;
    }

    // Steps in between: what was done last is forgotten only when something else is done.
    private static async Coroutine NoneAlive<T>(WeakReference<T>[] references)
        where T : class
    {
        for (int i = 0; i < 20 && Array.Exists(references, static one => one.TryGetTarget(out _)); i++)
        {
            await Loop.Sleep(1);
            GC.Collect();
        }

        references.Should().NotContain(static one => IsAlive(one));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsAlive<T>(WeakReference<T> reference)
        where T : class => reference.TryGetTarget(out _);

    private static bool CollectUntil(Func<bool> condition)
    {
        for (int i = 0; i < 50 && !condition(); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return condition();
    }

    // .NET has one object or a list here.
    private static int Continuations(Task task) =>
        typeof(Task).GetField("m_continuationObject", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(task) switch
        {
            null => 0,
            System.Collections.ICollection several => several.Cast<object?>().Count(static one => one is not null),
            _ => 1,
        };
}
