using System.Diagnostics.Metrics;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using Instrument = System.Diagnostics.Metrics.Instrument;

namespace EventLoop.Tests.Diagnostics;

[Collection(ProcessWide.Name)]
public sealed class MetricsTests : LoopTest
{
    [Fact]
    public void Loops_of_one_name_are_one_measurement_and_what_closed_ones_have_counted_stays()
    {
        string name = $"metered-{Guid.NewGuid():N}";
        var options = Options with { Name = name };
        var seen = new Dictionary<string, double>();
        using var listener = Listen(name, seen);

        Loop.Run(async () =>
        {
            _ = Loop.CreateTask(async () => await Loop.Sleep(TimeSpan.FromHours(1)));
            await Loop.Sleep(TimeSpan.FromSeconds(1));
            seen.Clear();
            listener.RecordObservableInstruments();
            seen["eventloop.tasks running"].Should().Be(1);
            seen["eventloop.tasks waiting"].Should().Be(1);
            seen["eventloop.timers"].Should().BeGreaterThanOrEqualTo(1);
            seen["eventloop.steps"].Should().BeGreaterThan(0);
            seen["eventloop.time idle"].Should().Be(1);
        }, options);
        seen.Clear();
        listener.RecordObservableInstruments();
        double steps = seen["eventloop.steps"];
        seen.Should().NotContainKey("eventloop.timers");
        Loop.Run(async () => await Loop.Yield(), options);
        seen.Clear();
        listener.RecordObservableInstruments();

        seen["eventloop.steps"].Should().BeGreaterThan(steps);
    }

    [Fact]
    public void Closed_loops_that_nobody_named_are_one_measurement()
    {
        var seen = new Dictionary<string, double>();
        using var listener = Listen("closed", seen);
        Loop.Run(async Coroutine () => await Loop.Yield());
        listener.RecordObservableInstruments();
        double turns = seen["eventloop.turns"];
        string name = "";
        for (int i = 0; i < 50; i++)
        {
            Loop.Run(async Coroutine () =>
            {
                await Loop.Yield();
                name = Loop.Current.Name;
            });
        }

        seen.Clear();
        listener.RecordObservableInstruments();
        seen["eventloop.turns"].Should().BeGreaterThanOrEqualTo(turns + 50);
        var last = new Dictionary<string, double>();
        using var other = Listen(name, last);
        other.RecordObservableInstruments();
        last.Should().BeEmpty("it has no series of its own any more");
    }

    [Fact]
    public void Loops_of_a_group_that_nobody_named_are_added_up_when_they_have_closed_and_those_of_a_named_one_keep_its_names()
    {
        string home = "";
        LoopGroup.Run(async Coroutine (group) =>
        {
            home = Loop.Current.Name;
            await Loop.Yield();
        }, new LoopGroupOptions { Loops = 2, Loop = Options });
        string name = $"grouped-{Guid.NewGuid():N}";
        LoopGroup.Run(async Coroutine (group) => await Loop.Yield(), new LoopGroupOptions { Loops = 2, Loop = Options with { Name = name } });

        Scrape($"{home}-0").Should().BeEmpty("it has no series of its own any more");
        Scrape($"{home}-1").Should().BeEmpty();
        Scrape(name).Should().ContainKey("eventloop.turns");
        Scrape($"{name}-1").Should().ContainKey("eventloop.turns");
    }

    [Fact]
    [RealTime("another thread collects meanwhile")]
    public void A_loop_that_closes_is_missing_from_no_scrape()
    {
        string name = $"closing-{Guid.NewGuid():N}";
        var options = Options with { Name = name, Poller = PollerKind.Portable };
        Loop.Run(async Coroutine () => await Loop.Yield(), options);
        bool isOver = false;
        var closing = new Thread(() =>
        {
            for (int i = 0; i < 5000; i++)
            {
                Loop.Run(async Coroutine () => await Loop.Yield(), options);
            }

            Volatile.Write(ref isOver, true);
        });
        closing.Start();
        var seen = new Dictionary<string, double>();
        var backwards = new List<(double Before, double After)>();
        using var listener = Listen(name, seen, hearsSteps: false);      // which would come on the other thread
        double last = 0;
        while (!Volatile.Read(ref isOver))
        {
            seen.Clear();
            listener.RecordObservableInstruments();
            double steps = seen["eventloop.steps"];
            if (steps < last)
            {
                backwards.Add((last, steps));
            }

            last = steps;
        }

        closing.Join();
        backwards.Should().BeEmpty("a counter never goes back");
    }

    [Fact]
    public void Steps_are_measured_only_while_somebody_listens() => RunLoop(async () =>
    {
        const string name = "measured";
        var seen = new Dictionary<string, double>();
        using (Listen(name, seen))
        {
            for (int i = 0; i < 200; i++)
            {
                await Loop.Yield();
            }

            await Loop.Sleep(1);
            await Loop.Sleep(1);
        }

        seen["eventloop.step.duration"].Should().BeGreaterThanOrEqualTo(0);
        seen.Should().ContainKey("eventloop.ready.delay");
    }, Options with { Name = "measured" });

    [Fact]
    [RealTime("a step takes its time")]
    public void Of_a_busy_loop_each_step_is_measured_and_a_long_one_is_seen_with_the_others()
    {
        string name = $"busy-{Guid.NewGuid():N}";
        var measured = new List<double>();
        using var listener = Listen(name, [], measured);
        RunLoop(async () =>
        {
            await Loop.Sleep(1);
            await Loop.Sleep(1);
            int known = measured.Count;
            long steps = Loop.Current.Statistics.Steps;
            var tasks = Enumerable.Range(0, 1000).Select(static i => Loop.CreateTask(async () =>
            {
                await Yields(20);
                if (i == 500)
                {
                    Thread.Sleep(50);
                }

                await Yields(5);
            })).ToList();
            foreach (var task in tasks)
            {
                await task;
            }

            await Loop.Sleep(1);
            (measured.Count - known).Should().BeGreaterThanOrEqualTo((int)(Loop.Current.Statistics.Steps - steps), "so many have ended before the last look");
            measured.Skip(known).Max().Should().BeGreaterThanOrEqualTo(0.026, "those of one power of two are told by their mean");
        }, Options with { Name = name });
    }

    [Fact]
    public void What_was_not_measured_yet_when_a_run_ends_is_measured_then()
    {
        string name = $"ends-{Guid.NewGuid():N}";
        var measured = new List<double>();
        using var listener = Listen(name, [], measured);
        using var loop = NewLoop(Options with { Name = name });
        loop.RunUntilComplete(async () => await Yields(200));
        int known = measured.Count;
        long steps = loop.Statistics.Steps;
        loop.RunUntilComplete(async () => await Yields(40));

        (measured.Count - known).Should().Be((int)(loop.Statistics.Steps - steps));
    }

    [Fact]
    public void A_listener_that_throws_is_logged_once_and_harms_no_loop()
    {
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "eventloop.step.duration")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => throw new InvalidOperationException("no room"));
        listener.Start();
        using var loop = NewLoop();
        loop.RunUntilComplete(async () => await Yields(200));
        loop.RunUntilComplete(async () => await Yields(200));

        Logger.Entries.Should().ContainSingle(static entry => entry.ToString()!.Contains("A listener of the histograms threw", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loops_that_nobody_has_named_share_one_series_of_the_histograms_also_while_they_are_open(bool hasMadeName)
    {
        var shared = new List<double>();
        var own = new List<double>();
        var options = hasMadeName ? Options with { Name = "made-7" } with { HasMadeName = true } : Options;
        using var listener = Listen("others", [], shared);
        using var loop = NewLoop(options);
        using var another = Listen(loop.Name, [], own);
        loop.RunUntilComplete(async () => await Yields(200));

        shared.Should().HaveCountGreaterThan(100);
        own.Should().BeEmpty("a histogram forgets no series");
    }

    [Fact]
    public void The_queue_of_a_default_executor_that_the_program_has_chosen_is_measured_and_nothing_is_made_up_of_one_that_does_not_know()
    {
        string name = $"queued-{Guid.NewGuid():N}";
        using var release = new ManualResetEventSlim();
        using var pool = new OneThread();
        RunLoop(async () =>
        {
            var work = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(async () => await Loop.ToThread(() => release.Wait()))).ToList();
            await Yields(3);
            var queued = Scrape(name);
            release.Set();
            queued["eventloop.executor.queue"].Should().Be(3);
            foreach (var one in work)
            {
                await one;
            }

            Loop.Current.DefaultExecutor = new Unknown();
            Scrape(name).Should().ContainKey("eventloop.ready").And.NotContainKey("eventloop.executor.queue");
        }, Options with { Name = name, DefaultExecutor = pool.Executor });
        RunLoop(async () =>
        {
            await Loop.Yield();
            Scrape(name)["eventloop.executor.queue"].Should().Be(0, "none has been needed yet");
        }, Options with { Name = name });
    }

    private sealed class OneThread : IDisposable
    {
        internal DedicatedThreadExecutor Executor { get; } = new(1);

        public void Dispose() => Executor.DisposeAsync().AsTask().Wait();
    }

    private sealed class Unknown : IExecutor
    {
        public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default) => Task.Run(work, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    [Fact]
    [RealTime("the loop sleeps")]
    public void What_arrives_at_the_end_of_a_sleep_finds_that_sleep_among_the_idle_time() => RunLoop(async () =>
    {
        var loop = Loop.Current;
        (TimeSpan Busy, TimeSpan Idle) before = default, during = default, after = default;
        var over = loop.CreateFuture();
        var another = new Thread(() =>
        {
            SpinWait.SpinUntil(() => loop.Core.IsAsleep);
            before = loop.Core.Times;
            Thread.Sleep(100);
            during = loop.Core.Times;
            loop.Core.TryPost(new Arrival(() => after = loop.Core.Times));
            loop.Post(() => over.TrySetResult());
        });
        another.Start();
        await over;
        another.Join();

        (during.Idle - before.Idle).Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(95));
        after.Idle.Should().BeGreaterThanOrEqualTo(during.Idle);
        (after.Busy - before.Busy).Should().BeLessThan(TimeSpan.FromMilliseconds(95), "it slept");
    });

    private sealed class Arrival(Action look) : LoopItem
    {
        internal override void OnArrived(LoopCore core) => look();

        internal override void Execute()
        {
        }
    }

    private static Dictionary<string, double> Scrape(string name)
    {
        var seen = new Dictionary<string, double>();
        using var listener = Listen(name, seen);
        listener.RecordObservableInstruments();
        return seen;
    }

    private static MeterListener Listen(string name, Dictionary<string, double> seen, List<double>? steps = null, bool hearsSteps = true)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == LoopTelemetry.Meter && (hearsSteps || instrument.IsObservable))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        return listener;

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string key = instrument.Name;
            bool mine = false;
            foreach (var tag in tags)
            {
                if (tag.Key == LoopTelemetry.NameTag)
                {
                    mine = (string?)tag.Value == name;
                }
                else
                {
                    key += $" {tag.Value}";
                }
            }

            if (mine)
            {
                seen.ContainsKey(key).Should().Be(seen.ContainsKey(key) && !instrument.IsObservable, "a set of tags comes once");
                seen[key] = value;
                if (key == "eventloop.step.duration")
                {
                    steps?.Add(value);
                }
            }
        }
    }
}
