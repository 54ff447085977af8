using EventLoop.Diagnostics;
using EventLoop.Testing;

namespace EventLoop.Tests.Diagnostics;

/// <summary>Of each lint a program that shows it, and one that looks alike and is innocent.</summary>
public sealed class FindingTests : LoopTest
{
    private static FindingKind[] Kinds => [.. Loop.Current.TakeSnapshot().FindProblems().Select(static finding => finding.Kind)];

    private static async Coroutine Settle()
    {
        for (int i = 0; i < 5; i++)
        {
            await Loop.Yield();
        }
    }

    [Fact]
    public void A_lock_whose_holder_waits_while_others_wait_for_it_is_a_convoy() => RunLoop(async () =>
    {
        var mutex = new AsyncLock().Named("orders");
        async Coroutine Hold()
        {
            using (await mutex.AcquireAsync())
            {
                await Loop.Sleep(TimeSpan.FromHours(1));
            }
        }

        var holder = Loop.CreateTask(Hold, "holder");
        await Settle();
        Kinds.Should().BeEmpty("nobody else wants the lock");

        var waiter = Loop.CreateTask(Hold, "waiter");
        await Settle();
        var finding = Loop.Current.TakeSnapshot().FindProblems().Should().ContainSingle().Subject;
        finding.Kind.Should().Be(FindingKind.LockConvoy);
        finding.Tasks.Should().Equal(holder.Id, waiter.Id);
        finding.Message.Should().Contain("orders").And.Contain("sleep");
        holder.Cancel();
        waiter.Cancel();
    });

    [Fact]
    public void A_cancelled_task_that_waits_on_is_uninterruptible() => RunLoop(async () =>
    {
        var gate = new TaskCompletionSource();
        var deaf = Loop.CreateTask(async () => await new ValueTask(gate.Task), "deaf");
        var listens = Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)));
        await Settle();
        deaf.Cancel();
        listens.Cancel();
        await Settle();

        Loop.Current.TakeSnapshot().FindProblems().Should().ContainSingle(finding =>
            finding.Kind == FindingKind.UninterruptibleWait && finding.Tasks[0] == deaf.Id);
        Kinds.Should().HaveCount(1);
        gate.SetResult();
        await Loop.GatherOutcomes(deaf, listens);
    });

    [Fact]
    public void A_task_behind_its_deadline_in_a_long_step_is_overdue() => RunLoop(async () =>
    {
        var clock = (VirtualClock)Loop.Current.Options.TimeProvider;
        await Loop.Timeout(TimeSpan.FromSeconds(5), async _ =>
        {
            await Loop.Yield();
            Kinds.Should().BeEmpty("there is time left");
            clock.Advance(TimeSpan.FromSeconds(6));      // as if it computed
            Kinds.Should().Equal(FindingKind.OverdueDeadline);
            Loop.Current.TakeSnapshot().Find(Loop.CurrentTask!.Id)!.Remaining.Should().BeNegative();
        });
    });

    [Fact]
    public void A_wait_for_room_of_more_than_a_second_is_a_backlog_and_one_that_moves_is_none() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>(1).Named("jobs");
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        var putter = Loop.CreateTask(async () =>
        {
            await queue.PutAsync(1);
            await queue.PutAsync(2);
        });
        var send = Loop.CreateTask(async () => await sender.SendAsync(1));
        var getter = Loop.CreateTask(async () => await new AsyncQueue<int>().GetAsync());
        await Loop.Sleep(TimeSpan.FromMilliseconds(900));
        Kinds.Should().BeEmpty();
        await Loop.Sleep(TimeSpan.FromMilliseconds(200));
        Loop.Current.TakeSnapshot().FindProblems().Should().HaveCount(2).And.OnlyContain(static finding => finding.Kind == FindingKind.Backlog);
        putter.Cancel();
        send.Cancel();
        getter.Cancel();
        receiver.Dispose();
    });

    [Fact]
    public void An_unbounded_queue_with_a_thousand_items_is_a_backlog_if_it_is_named_or_waited_for() => RunLoop(async () =>
    {
        var unnamed = new AsyncQueue<int>();
        var named = new AsyncQueue<int>();
        var bounded = new AsyncQueue<int>(5000).Named("bounded");
        for (int i = 0; i < 1000; i++)
        {
            unnamed.TryPut(i);
            named.TryPut(i);
            bounded.TryPut(i);
        }

        Kinds.Should().BeEmpty();
        named.Named("grows");
        Loop.Current.TakeSnapshot().FindProblems().Should().ContainSingle(static finding =>
            finding.Kind == FindingKind.Backlog && finding.Message.Contains("grows"));
        var joiner = Loop.CreateTask(async () => await unnamed.JoinAsync());
        await Settle();
        Loop.Current.TakeSnapshot().FindProblems().Should().HaveCount(2);
        joiner.Cancel();
        GC.KeepAlive(named);
    });

    [Fact]
    public void A_thousand_tasks_that_wait_for_one_object_are_a_crowd_and_a_thousand_that_wait_for_their_own_are_none() => RunLoop(async () =>
    {
        var all = new List<LoopTask>();
        for (int i = 0; i < 1000; i++)
        {
            all.Add(Loop.CreateTask(async () => await new AsyncEvent().WaitAsync()));
        }

        await Settle();
        Kinds.Should().BeEmpty();
        var bell = new AsyncEvent().Named("bell");
        for (int i = 0; i < 1000; i++)
        {
            all.Add(Loop.CreateTask(async () => await bell.WaitAsync()));
        }

        await Settle();
        Loop.Current.TakeSnapshot().FindProblems().Should().ContainSingle(static finding =>
            finding.Kind == FindingKind.Crowd && finding.Message.Contains("bell"));
        all.ForEach(static task => task.Cancel());
    });

    [Fact]
    public void A_task_whose_steps_begin_long_after_its_wakeups_is_delayed_by_others() => RunLoop(async () =>
    {
        var clock = (VirtualClock)Loop.Current.Options.TimeProvider;
        var recorder = Loop.Current.Diagnostics.Recorder;
        recorder.Start();
        var bell = new AsyncEvent();
        async Coroutine Listen()
        {
            for (int i = 0; i < 12; i++)
            {
                await bell.WaitAsync();
                bell.Clear();
            }

            await Loop.Sleep(TimeSpan.FromHours(1));
        }

        async Coroutine Ring(TimeSpan computing)
        {
            for (int i = 0; i < 12; i++)
            {
                Loop.Current.CallSoon(() => clock.Advance(computing));      // what a step computes that stands before it
                bell.Set();
                await Loop.Yield();
                await Loop.Yield();
            }
        }

        var prompt = Loop.CreateTask(Listen);
        await Loop.Yield();
        await Ring(TimeSpan.FromMilliseconds(1));
        Kinds.Should().BeEmpty();

        var late = Loop.CreateTask(Listen);
        await Loop.Yield();
        await Ring(TimeSpan.FromMilliseconds(50));
        Loop.Current.TakeSnapshot().FindProblems().Should().ContainSingle(finding => finding.Kind == FindingKind.ReadyDelay && finding.Tasks[0] == late.Id);
        prompt.Cancel();
        late.Cancel();
        recorder.Stop();
    });

    [Fact]
    public void A_task_that_wakes_itself_a_thousand_times_polls_and_one_that_others_wake_does_not() => RunLoop(async () =>
    {
        Loop.Current.Diagnostics.Recorder.Start();
        const int many = 1200;
        var (there, back, end) = (new AsyncEvent(), new AsyncEvent(), new AsyncEvent());
        async Coroutine Poll()
        {
            await Yields(many);
            await end.WaitAsync();
        }

        async Coroutine Answer(AsyncEvent mine, AsyncEvent other)
        {
            for (int i = 0; i < many; i++)
            {
                await mine.WaitAsync();
                mine.Clear();
                other.Set();
            }

            await end.WaitAsync();
        }

        var polling = Loop.CreateTask(Poll);
        LoopTask[] others = [Loop.CreateTask(() => Answer(there, back)), Loop.CreateTask(() => Answer(back, there))];
        there.Set();
        await Loop.Sleep(Seconds(1));      // by which time nothing is ready any more
        var found = Loop.Current.TakeSnapshot().FindProblems().Where(static finding => finding.Kind == FindingKind.SelfWaking).ToArray();
        found.Should().ContainSingle().Which.Tasks.Should().Equal(polling.Id);
        end.Set();
        await Loop.Gather([polling.AsCoroutine(), .. others.Select(static task => task.AsCoroutine())]);
        Loop.Current.Diagnostics.Recorder.Stop();
    });
}
