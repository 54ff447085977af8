using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

public sealed class SnapshotTests : LoopTest
{
    [Fact]
    public void A_snapshot_on_the_loops_thread_is_exact_and_lists_every_task() => RunLoop(async () =>
    {
        var sleeper = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "sleeper");
        await Loop.Yield();
        await Loop.Yield();

        var snapshot = Loop.Current.TakeSnapshot();

        snapshot.IsExact.Should().BeTrue();
        snapshot.LoopId.Should().Be(Loop.Current.Id);
        snapshot.LoopName.Should().Be(Loop.Current.Name);
        snapshot.TaskCount.Should().Be(2);
        snapshot.Unread.Should().Be(0);
        snapshot.Tasks.Select(static task => task.Id).Should().Equal(Loop.CurrentTask!.Id, sleeper.Id);
        snapshot.Find(Loop.CurrentTask.Id)!.Status.Should().Be(LoopTaskStatus.Running);
        snapshot.Running!.TaskId.Should().Be(Loop.CurrentTask.Id);
        var asleep = snapshot.Find(sleeper.Id)!;
        asleep.Status.Should().Be(LoopTaskStatus.Waiting);
        asleep.CreatedBy.Should().Be(Loop.CurrentTask.Id);
        asleep.Waits.Should().ContainSingle().Which.Should().Match<WaitSnapshot>(static wait =>
            wait.Kind == WaitKind.Sleep && wait.Remaining > TimeSpan.FromMinutes(59));
        snapshot.Find(12345).Should().BeNull();
        sleeper.Cancel();
    });

    [Fact]
    public void Every_kind_of_wait_is_named_with_why() => RunLoop(async () =>
    {
        var mutex = new AsyncLock().Named("orders");
        var semaphore = new AsyncSemaphore(0).Named("permits");
        var occurred = new AsyncEvent().Named("ready");
        var condition = new AsyncCondition().Named("changed");
        var barrier = new AsyncBarrier(3).Named("start");
        var queue = new AsyncQueue<int>(1).Named("jobs");
        var empty = new AsyncQueue<int>();
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        receiver.Named("pipe");
        var limiter = new CapacityLimiter(1).Named("ten at once");
        var future = Loop.Current.CreateFuture().Named("answer");
        using var foreign = new SemaphoreSlim(0);
        using var blocked = new ManualResetEventSlim();
        queue.TryPut(1);

        var all = new List<LoopTask>();
        LoopTask Start(string name, Func<Coroutine> body)
        {
            var task = Loop.CreateTask(body, name);
            all.Add(task);
            return task;
        }

        var holder = Start("holder", async () =>
        {
            using (await mutex.AcquireAsync())
            {
                await future;
            }
        });
        var borrower = Start("borrower", async () =>
        {
            using (await limiter.AcquireAsync())
            {
                await future;
            }
        });
        _ = Start("lock", async () => await mutex.AcquireAsync());
        _ = Start("semaphore", async () => await semaphore.AcquireAsync());
        _ = Start("event", async () => await occurred.WaitAsync());
        _ = Start("condition", async () =>
        {
            using (await condition.AcquireAsync())
            {
                await condition.WaitAsync();
            }
        });
        _ = Start("barrier", async () => await barrier.WaitAsync());
        _ = Start("put", async () => await queue.PutAsync(2));
        _ = Start("get", async () => await empty.GetAsync());
        _ = Start("join", async () => await queue.JoinAsync());
        _ = Start("send", async () => await sender.SendAsync(1));
        _ = Start("limiter", async () => await limiter.AcquireAsync());
        _ = Start("future", async () => await future);
        _ = Start("task", async () => await holder);
        _ = Start("shielded", async () => await Loop.Shield(holder));
        _ = Start("gather", async () => await Loop.Gather(holder, borrower));
        _ = Start("foreign", async () => await foreign.WaitAsync());
        _ = Start("thread", async () => await Loop.ToThread(blocked.Wait));
        _ = Start("group", async () => await TaskGroup.Run(async group => group.StartSoon(async () => await future, "child"), "workers"));
        for (int i = 0; i < 6; i++)
        {
            await Loop.Yield();
        }

        var snapshot = Loop.Current.TakeSnapshot();
        var found = snapshot.Tasks.ToDictionary(static task => task.Name);
        WaitSnapshot Of(string name) => found[name].Waits.Should().ContainSingle().Subject;

        Of("lock").Should().BeEquivalentTo(new { Kind = WaitKind.Lock, Name = "orders", Text = "lock 'orders' (held by task 'holder')",
            Blockers = new[] { holder.Id } });
        Of("semaphore").Should().BeEquivalentTo(new { Kind = WaitKind.Semaphore, Name = "permits", Text = "semaphore 'permits'" });
        Of("event").Should().BeEquivalentTo(new { Kind = WaitKind.Event, Name = "ready", Text = "event 'ready'" });
        Of("condition").Should().BeEquivalentTo(new { Kind = WaitKind.Condition, Name = "changed", Text = "condition 'changed'" });
        Of("barrier").Should().BeEquivalentTo(new { Kind = WaitKind.Barrier, Name = "start", Text = "barrier 'start' (1 of 3)" });
        Of("put").Should().BeEquivalentTo(new { Kind = WaitKind.Queue, Name = "jobs", Text = "queue 'jobs' (for room)" });
        Of("get").Should().BeEquivalentTo(new { Kind = WaitKind.Queue, Name = (string?)null, Text = "queue (for an item)" });
        Of("join").Should().BeEquivalentTo(new { Kind = WaitKind.Queue, Name = "jobs" });
        Of("join").ObjectId.Should().Be(Of("put").ObjectId).And.NotBe(0);
        Of("send").Should().BeEquivalentTo(new { Kind = WaitKind.Channel, Name = "pipe", Text = "channel 'pipe' (to send)" });
        Of("limiter").Should().BeEquivalentTo(new { Kind = WaitKind.Limiter, Name = "ten at once", Text = "capacity limiter 'ten at once' (1 of 1 lent)",
            Blockers = new[] { borrower.Id } });
        Of("future").Should().BeEquivalentTo(new { Kind = WaitKind.Future, Name = "answer", Text = "future 'answer'" });
        Of("task").Should().BeEquivalentTo(new { Kind = WaitKind.Task, Name = "holder", Text = "task 'holder'", Blockers = new[] { holder.Id } });
        Of("shielded").Should().BeEquivalentTo(new { Kind = WaitKind.Task, Blockers = new[] { holder.Id } });
        Of("shielded").ObjectId.Should().Be(Of("task").ObjectId);
        Of("gather").Should().BeEquivalentTo(new { Kind = WaitKind.Gather, Blockers = new[] { holder.Id, borrower.Id } });
        Of("foreign").Kind.Should().Be(WaitKind.Foreign);
        Of("thread").Kind.Should().Be(WaitKind.Thread);
        Of("group").Should().BeEquivalentTo(new { Kind = WaitKind.Group, Name = "workers", Blockers = new[] { found["child"].Id } });
        Of("group").ObjectId.Should().Be(found["child"].Scopes.Should().ContainSingle().Subject.Id);
        found["child"].Scopes[0].Should().BeEquivalentTo(new { Kind = "TaskGroup", Name = "workers", Host = found["group"].Id });
        found["holder"].AwaitedBy.Should().Equal(found["task"].Id, found["shielded"].Id, found["gather"].Id);
        found["child"].AwaitedBy.Should().Equal(found["group"].Id);
        found.Values.Where(static task =>
            task.Name != Loop.CurrentTask!.Name).Should().OnlyContain(static task => task.Status == LoopTaskStatus.Waiting && task.Stack.Count > 0);

        blocked.Set();
        foreign.Release();      // where a cancellation leaves such an await alone
        foreach (var task in all)
        {
            task.Cancel();
        }

        await Loop.GatherOutcomes(all);
    });

    [Fact]
    public void Tasks_that_wait_for_one_another_are_a_ring_that_begins_with_its_oldest() => RunLoop(async () =>
    {
        var one = new AsyncLock().Named("one");
        var two = new AsyncLock().Named("two");
        static async Coroutine Take(AsyncLock first, AsyncLock second)
        {
            using (await first.AcquireAsync())
            {
                await Loop.Yield();
                await second.AcquireAsync();
            }
        }

        var a = Loop.CreateTask(Take(one, two), "a");
        var b = Loop.CreateTask(Take(two, one), "b");
        await Loop.Yield();
        await Loop.Yield();
        await Loop.Yield();

        var snapshot = Loop.Current.TakeSnapshot(new SnapshotOptions { MostTasks = 0 });

        snapshot.Tasks.Should().BeEmpty();
        snapshot.Cycles.Should().ContainSingle().Which.Select(static task => task.Name).Should().Equal("a", "b");
        var finding = snapshot.FindProblems().Should().ContainSingle().Subject;
        finding.Should().BeEquivalentTo(new { Kind = FindingKind.Deadlock, Severity = FindingSeverity.Error, Tasks = new[] { a.Id, b.Id } });
        finding.Message.Should().Contain("lock 'two' (held by task 'b')");
        snapshot.ToText(SnapshotView.ByAwait).Should().Contain("CYCLE");
        a.Cancel();
        b.Cancel();
    });

    [Fact]
    public void Equal_tasks_are_put_together_and_those_that_stand_longest_are_listed() => RunLoop(async () =>
    {
        static async Coroutine Idle(int hours) => await Loop.Sleep(TimeSpan.FromHours(hours));
        var all = new List<LoopTask>();
        for (int i = 0; i < 50; i++)
        {
            all.Add(Loop.CreateTask(Idle(i + 1)));
        }

        all.Add(Loop.CreateTask(async () => await new AsyncEvent().WaitAsync(), "odd"));
        await Loop.Yield();
        await Loop.Yield();

        var snapshot = Loop.Current.TakeSnapshot(new SnapshotOptions { MostTasks = 10 });

        snapshot.TaskCount.Should().Be(52);
        snapshot.Tasks.Should().HaveCount(10).And.BeInAscendingOrder(static task => task.Id);
        snapshot.Bunches.Sum(static bunch => bunch.Count).Should().Be(52);
        snapshot.Bunches[0].Should().BeEquivalentTo(new { Count = 50, Status = LoopTaskStatus.Waiting, Wait = WaitKind.Sleep, Text = "sleep" });
        snapshot.Bunches[0].Stack.Should().Contain(static method => method.Contains("Idle", StringComparison.Ordinal));
        snapshot.Bunches[0].Examples.Should().NotBeEmpty();
        var filtered = Loop.Current.TakeSnapshot(new SnapshotOptions { Filter = "ODD" });
        filtered.Tasks.Should().ContainSingle().Which.Name.Should().Be("odd");
        filtered.TaskCount.Should().Be(52);
        all.ForEach(static task => task.Cancel());
    });

    [Fact]
    public void Of_very_many_tasks_the_same_is_written_as_a_snapshot_holds_and_little_is_left_behind() => RunLoop(async () =>
    {
        const int many = 5000;
        var all = new List<LoopTask>();
        var mutex = new AsyncLock();
        await mutex.AcquireAsync();
        for (int i = 0; i < many; i++)
        {
            int hours = (i * 7 % many) + 1;
            all.Add(Loop.CreateTask(async Coroutine () => await Loop.Sleep(TimeSpan.FromHours(hours))));
        }

        for (int i = 0; i < many; i += 2)
        {
            all[i].Cancel();      // the table is in another order now
        }

        var first = all[1];
        all.Add(Loop.CreateTask(async () => await mutex.AcquireAsync(), "locked"));
        all.Add(Loop.CreateTask(async () => await first, "awaiting"));
        await Loop.Yield();
        await Loop.Yield();
        await Loop.Yield();
        foreach (int most in new[] { 0, 20, 1500, int.MaxValue })
        {
            var options = new SnapshotOptions { MostTasks = most };
            var bytes = new MemoryStream();
            SnapshotReader.Write(Loop.Current, options, bytes);
            bytes.Position = 0;
            var written = LoopSnapshot.ReadJson(bytes);
            var kept = Loop.Current.TakeSnapshot(options);

            kept.TaskCount.Should().Be((many / 2) + 3);
            kept.Tasks.Should().HaveCount(Math.Min(most, kept.TaskCount)).And.BeInAscendingOrder(static task => task.Id);
            written.TaskCount.Should().Be(kept.TaskCount);
            written.Bunches.Sum(static bunch => bunch.Count).Should().Be(kept.TaskCount);
            written.Tasks.Select(static task => task.Id).Should().Equal(kept.Tasks.Select(static task => task.Id));
            written.Tasks.Select(SnapshotText.WaitsOf).Select(static waits => waits.Split('(')[0])
                .Should().Equal(kept.Tasks.Select(SnapshotText.WaitsOf).Select(static waits => waits.Split('(')[0]));
            written.Tasks.Select(static task => task.AwaitedByCount).Should().Equal(kept.Tasks.Select(static task => task.AwaitedByCount));
        }

        var nothing = new SnapshotOptions { MostTasks = 0 };
        long before = GC.GetAllocatedBytesForCurrentThread();
        SnapshotReader.Write(Loop.Current, nothing, Stream.Null);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        ((double)allocated / (many / 2)).Should().BeLessThan(60, "a reference each, and what the look itself needs");
        mutex.Release();
        all.ForEach(static task => task.Cancel());
    });

    [Fact]
    public void A_snapshot_goes_to_JSON_and_back() => RunLoop(async () =>
    {
        var mutex = new AsyncLock().Named("a\u0000\ud800b\u001b[31m");
        var holder = Loop.CreateTask(async () =>
        {
            using (await mutex.AcquireAsync())
            {
                await CancelScope.Run(async _ => await Loop.Sleep(TimeSpan.FromHours(1)), TimeSpan.FromHours(2), shield: true);
            }
        });
        var waiter = Loop.CreateTask(async () => await mutex.AcquireAsync());
        await Loop.Yield();
        await Loop.Yield();

        var snapshot = Loop.Current.TakeSnapshot();
        var bytes = new MemoryStream();
        snapshot.WriteJson(bytes);
        string json = System.Text.Encoding.UTF8.GetString(bytes.ToArray());
        bytes.Position = 0;
        var back = LoopSnapshot.ReadJson(bytes);
        var again = new MemoryStream();
        back.WriteJson(again);

        json.Should().StartWith("{\"v\":1,").And.NotContain("\n");
        System.Text.Encoding.UTF8.GetString(again.ToArray()).Should().Be(json);
        back.Find(waiter.Id)!.Waits[0].Name.Should().Be("a\u0000\ufffdb\u001b[31m");
        back.FindProblems().Should().BeEquivalentTo(snapshot.FindProblems(), static how => how.Excluding(static finding => finding.Message));
        snapshot.ToText(SnapshotView.List).Should().NotContain("\u001b").And.NotContain("\u0000").And.Contain("\\u001B[31m");
        FluentActions.Invoking(static () =>
            LoopSnapshot.ReadJson(new MemoryStream("{\"v\":2}"u8.ToArray()))).Should().Throw<FormatException>().WithMessage("*newer*");
        FluentActions.Invoking(static () => LoopSnapshot.ReadJson(new MemoryStream("[]"u8.ToArray()))).Should().Throw<FormatException>();
        FluentActions.Invoking(static () => LoopSnapshot.ReadJson(new MemoryStream("nonsense"u8.ToArray()))).Should().Throw<FormatException>();
        holder.Cancel();
        waiter.Cancel();
    });

    [Fact]
    public void A_deadline_around_a_task_is_what_remains_of_it_unless_a_shield_holds_it_off() => RunLoop(async () =>
    {
        var within = Loop.CreateTask(async () => await Loop.Timeout(TimeSpan.FromMinutes(5), async _ => await Loop.Sleep(TimeSpan.FromHours(1))));
        var shielded = Loop.CreateTask(async () => await Loop.Timeout(
            TimeSpan.FromMinutes(5),
            async _ => await CancelScope.Run(async _ => await Loop.Sleep(TimeSpan.FromHours(1)), shield: true)));
        await Loop.Yield();
        await Loop.Yield();

        var snapshot = Loop.Current.TakeSnapshot();

        snapshot.Find(within.Id)!.Remaining.Should().BeCloseTo(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1));
        snapshot.Find(shielded.Id)!.Remaining.Should().BeNull();
        snapshot.Find(shielded.Id)!.Scopes.Select(static scope => scope.Kind).Should().Equal("CancelScope", "Timeout");
        snapshot.Find(shielded.Id)!.Scopes[0].Shield.Should().BeTrue();
        within.Cancel();
        shielded.Cancel();
    });

    [Fact]
    public void All_loops_of_the_process_can_be_listed_until_they_are_closed()
    {
        var loop = new Loop(new LoopOptions { Name = "listed" });
        Loop.All.Should().Contain(loop);
        Loop.All.Should().BeInAscendingOrder(static one => one.Id);
        loop.Dispose();
        Loop.All.Should().NotContain(loop);
    }

    [Fact]
    public void A_loop_that_is_stuck_in_a_step_is_read_from_another_thread() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        var sleeper = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "sleeper");
        await Loop.Yield();
        await Loop.Yield();
        int id = Loop.CurrentTask!.Id;
        LoopSnapshot? seen = null;
        var look = new Thread(() => seen = loop.TakeSnapshot());
        look.Start();
        look.Join();      // the loop stands still meanwhile

        seen!.IsExact.Should().BeFalse();
        seen.Running!.TaskId.Should().Be(id);
        seen.Find(id)!.Status.Should().Be(LoopTaskStatus.Running);
        seen.Find(sleeper.Id)!.Status.Should().Be(LoopTaskStatus.Waiting);
        seen.Find(sleeper.Id)!.Waits[0].Remaining.Should().BeGreaterThan(TimeSpan.FromMinutes(59));
        seen.Unread.Should().Be(0);
        sleeper.Cancel();
    });
}
