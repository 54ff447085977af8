using System.Diagnostics.Metrics;
using EventLoop.Diagnostics;

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
        using var listener = Listen(name, seen);
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
        string name = Loop.Current.Name;
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
    });

    private static Dictionary<string, double> Scrape(string name)
    {
        var seen = new Dictionary<string, double>();
        using var listener = Listen(name, seen);
        listener.RecordObservableInstruments();
        return seen;
    }

    private static MeterListener Listen(string name, Dictionary<string, double> seen)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == LoopTelemetry.Meter)
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
            }
        }
    }
}
