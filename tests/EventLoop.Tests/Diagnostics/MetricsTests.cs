using System.Diagnostics.Metrics;
using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

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
