using System.Text.Json;
using EventLoop.Benchmarks.Growth;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Tests.Diagnostics;

/// <summary>Looks at very many children of one wait, and at what throws while somebody looks.</summary>
public sealed class BrokenAndHugeLookTests : LoopTest
{
    private static T OnAnotherThread<T>(Func<T> look)
    {
        T? seen = default;
        var thread = new Thread(() => seen = look());
        thread.Start();
        thread.Join();
        return seen!;
    }

    private static long SizeOfJson(LoopSnapshot snapshot)
    {
        var json = new MemoryStream();
        snapshot.WriteJson(json);
        json.Position = 0;
        LoopSnapshot.ReadJson(json).TaskCount.Should().Be(snapshot.TaskCount);
        return json.Length;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [RealTime("it takes as long as it takes")]
    public void A_hundred_thousand_children_of_a_gather_or_group_are_read_and_drawn_in_linear_time_and_a_few_lines(bool isGroup) => RunLoop(async () =>
    {
        const int many = 100_000, mostRounds = 4;
        const double bound = 6;      // four times the children: linear is 4, quadratic 16
        double fewSpent = double.MaxValue, manySpent = double.MaxValue;
        string parent = "";
        await Measure(many / 16);      // whatever has to be compiled
        for (int round = 0; round == 0 || (manySpent > bound * fewSpent && round < mostRounds); round++)
        {
            fewSpent = Math.Min(fewSpent, (await Measure(many / 4)).Spent);
            (double spent, parent) = await Measure(many);
            manySpent = Math.Min(manySpent, spent);
        }

        parent.Should().Contain(isGroup ? "task group (100000 children)" : "gather of 100000 (100000 pending)");
        TestContext.Current.SendDiagnosticMessage($"a quarter of them {fewSpent:F0} ms, all {manySpent:F0} ms");
        Assert.SkipUnless(ThreadClock.IsExact, "Without the processor time of the thread this would measure who else is busy.");
        manySpent.Should().BeLessThan(bound * fewSpent, "milliseconds of the processor for four times the children");

        async Coroutine<(double Spent, string Parent)> Measure(int count)
        {
            var end = new AsyncEvent();
            var parent = Loop.CreateTask(() => Parent(count, end), "parent");
            await Loop.Sleep(1);
            var loop = Loop.Current;
            double elsewhere = 0, then = ThreadClock.Now();
            var outside = OnAnotherThread(() =>
            {
                double start = ThreadClock.Now();
                var seen = loop.TakeSnapshot();
                elsewhere = ThreadClock.Now() - start;
                return seen;
            });
            string text = "";
            foreach (var snapshot in new[] { loop.TakeSnapshot(), outside })
            {
                snapshot.TaskCount.Should().Be(count + 2);
                snapshot.Unread.Should().Be(0);
                snapshot.Cycles.Should().BeEmpty();
                snapshot.Bunches[0].Count.Should().Be(count);
                text = snapshot.Find(parent.Id)!.Waits[0].Text;
                snapshot.Find(parent.Id)!.Waits[0].Blockers.Should().HaveCount(100, "more are not listed");
                foreach (var view in new[] { SnapshotView.Bunches, SnapshotView.ByAwait })
                {
                    snapshot.ToText(view).Length.Should().BeLessThan(4000, $"{view}: equal tasks are one line");
                }

                snapshot.ToText(SnapshotView.List).Length.Should().BeLessThan(200 * 10_100, "so many are listed");
            }

            SizeOfJson(loop.TakeSnapshot(new SnapshotOptions { MostTasks = 100 })).Should().BeLessThan(64 * 1024);
            double spent = ThreadClock.Now() - then + elsewhere;
            end.Set();
            await parent;
            return (spent, text);
        }

        async Coroutine Parent(int count, AsyncEvent end)
        {
            if (!isGroup)
            {
                await Loop.Gather(Enumerable.Range(0, count).Select(_ => Child(end)).ToArray());
                return;
            }

            await TaskGroup.Run(async group =>
            {
                for (int i = 0; i < count; i++)
                {
                    group.StartSoon(() => Child(end));
                }

                await Loop.Yield();
            });
        }
    });

    private static async Coroutine Child(AsyncEvent end) => await end.WaitAsync();

    private sealed class Speechless : WaitPoint
    {
        internal bool IsSet { get; set; }

        protected override bool IsReady => IsSet;

        public override string Describe(WaitNode node) => throw new NotSupportedException("no words");

        internal void Set()
        {
            IsSet = true;
            WakeWaiter();
        }
    }

    [Fact]
    public void A_wait_whose_description_throws_breaks_no_look_and_is_shown_with_what_it_threw() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        var wait = new Speechless();
        var task = Loop.CreateTask(async () => await wait, "speechless");
        await Loop.Sleep(1);
        foreach (var snapshot in new[] { loop.TakeSnapshot(), OnAnotherThread(() => loop.TakeSnapshot()) })
        {
            snapshot.Unread.Should().Be(0);
            snapshot.Find(task.Id)!.Waits.Should().ContainSingle().Which.Text.Should().Contain("its description threw NotSupportedException");
            foreach (var view in Enum.GetValues<SnapshotView>())
            {
                snapshot.ToText(view).Should().Contain("NotSupportedException");
            }
        }

        var dump = new MemoryStream();
        OnAnotherThread<object?>(() =>
        {
            loop.Diagnostics.Dump(dump);
            return null;
        });
        System.Text.Encoding.UTF8.GetString(dump.ToArray()).Should().Contain("speechless");
        wait.Set();
        await task;
    });

    private sealed class Wordless : Exception
    {
        public override string Message => throw new NotSupportedException();
    }

    private static async Coroutine Thrown(Func<Coroutine> body)
    {
        try
        {
            await body();
        }
        catch (Exception failure)
        {
            (failure is Wordless || failure.InnerException is Wordless || failure is AggregateException).Should().BeTrue();
            return;
        }

        Assert.Fail("it did not throw");
    }

    [Fact]
    public void A_failure_whose_message_throws_ends_its_task_and_its_group_and_is_kept_with_what_it_threw() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        loop.Diagnostics.EndedTasksKept = 10;
        var failing = Loop.CreateTask(async () => { await Loop.Yield(); throw new Wordless(); }, "failing");
        await Thrown(async () => await failing);
        failing.ToString().Should().Contain("its message threw NotSupportedException");
        await Thrown(async () => await TaskGroup.Run(async group =>
        {
            group.StartSoon(async () => await Loop.Sleep(TimeSpan.FromHours(1)), "sibling");
            group.StartSoon(async () => { await Loop.Yield(); throw new Wordless(); }, "failing, too");
            await Loop.Yield();
        }, "fetch"));

        loop.Diagnostics.EndedTasks.Single(static task => task.Name == "failing").Failure.Should().Be("Wordless (its message threw NotSupportedException)");
        loop.Diagnostics.EndedTasks.Single(static task => task.Name == "sibling").CancelledBy.Should()
            .Contain(static link => link.Reason == "Wordless (its message threw NotSupportedException)");
        var dump = new MemoryStream();
        loop.Diagnostics.Dump(dump);
        foreach (string line in System.Text.Encoding.UTF8.GetString(dump.ToArray()).TrimEnd('\n').Split('\n'))
        {
            using var _ = JsonDocument.Parse(line);
        }
    });
}
