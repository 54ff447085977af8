using EventLoop;

namespace Inside;

/// <summary>What a Perfetto file holds, read by the published numbers of its fields; of a ring that has wrapped.</summary>
internal static class Traces
{
    internal static void Run(Report report, bool quick)
    {
        var stream = new MemoryStream();
        int events = 0;
        long then = 0;
        Loop.Run(async Coroutine () =>
        {
            var recorder = Loop.Current.Diagnostics.Recorder;
            recorder.Start(capacity: 65_536);
            for (int i = 0; i < 30_000; i++)
            {
                await Loop.CreateTask(static async () => await Loop.Yield(), "short");
            }

            var recording = recorder.Capture();
            events = recording.Events.Count;
            then = System.Diagnostics.Stopwatch.GetTimestamp();
            recording.WritePerfetto(stream);
        });
        double milliseconds = System.Diagnostics.Stopwatch.GetElapsedTime(then).TotalMilliseconds;
        long begins = 0, ends = 0, back = 0;
        Dictionary<ulong, long> open = [];
        Dictionary<ulong, ulong> latest = [];
        Dictionary<ulong, int> starts = [], stops = [];
        foreach (var (number, _, packet) in Fields(stream.ToArray()))
        {
            if (number != 1)
            {
                continue;
            }

            ulong time = 0;
            foreach (var (field, value, body) in Fields(packet))
            {
                if (field == 8)
                {
                    time = value;
                }
                else if (field == 11)
                {
                    ulong type = 0, track = 0;
                    foreach (var (inner, number2, _) in Fields(body))
                    {
                        switch (inner)
                        {
                            case 9: type = number2; break;
                            case 11: track = number2; break;
                            case 47: starts[number2] = starts.GetValueOrDefault(number2) + 1; break;
                            case 48: stops[number2] = stops.GetValueOrDefault(number2) + 1; break;
                        }
                    }

                    begins += type == 1 ? 1 : 0;
                    ends += type == 2 ? 1 : 0;
                    open[track] = open.GetValueOrDefault(track) + (type == 1 ? 1 : type == 2 ? -1 : 0);
                    back += time < latest.GetValueOrDefault(track) ? 1 : 0;
                    latest[track] = time;
                }
            }
        }

        report.Add(8, "Perfetto, of a ring that has wrapped: tracks whose begins and ends differ", open.Values.Count(static one => one != 0), goal: 0);
        report.Add(8, "    begins", begins, goal: 1, atLeast: true);
        report.Add(8, "    times that go back on a track", back, goal: 0);
        report.Add(8, "    arrows that do not end exactly once",
            starts.Keys.Count(id => stops.GetValueOrDefault(id) > 1) + stops.Keys.Count(id => !starts.ContainsKey(id)), goal: 0);
        report.Add(8, "    a record", stream.Length / (double)events, "B");
        report.Add(8, $"    written: {events} records", milliseconds, "ms");
    }

    private static List<(int Number, ulong Value, byte[] Body)> Fields(byte[] bytes)
    {
        var fields = new List<(int, ulong, byte[])>();
        int at = 0;
        while (at < bytes.Length)
        {
            ulong key = Varint(bytes, ref at);
            switch (key & 7)
            {
                case 0:
                    fields.Add(((int)(key >> 3), Varint(bytes, ref at), []));
                    break;
                case 1:
                    fields.Add(((int)(key >> 3), BitConverter.ToUInt64(bytes, at), []));
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(bytes, ref at);
                    fields.Add(((int)(key >> 3), 0, bytes[at..(at + length)]));
                    at += length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException("This is no protocol buffer.");
            }
        }

        return fields;
    }

    private static ulong Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte one = bytes[at++];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
            {
                return value;
            }
        }
    }
}
