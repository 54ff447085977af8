using System.Globalization;
using System.Text.Json;

namespace EventLoop.Diagnostics;

/// <summary>Writes snapshots as JSON and reads them.</summary>
internal static class SnapshotJson
{
    internal const int Version = 1;

    private static readonly string[] Statuses = Enum.GetNames<LoopTaskStatus>();
    private static readonly string[] Kinds = Enum.GetNames<WaitKind>();

    internal static readonly JsonWriterOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Default };

    /// <param name="snapshot">The snapshot.</param>
    /// <param name="to">Receives the bytes.</param>
    /// <param name="tasks">Replaces the tasks that the snapshot lists; made as they are written.</param>
    internal static void Write(LoopSnapshot snapshot, Stream to, IEnumerable<TaskSnapshot>? tasks = null)
    {
        using var json = new Utf8JsonWriter(to, Options);
        Write(snapshot, json, to, tasks);
    }

    // Flushed along the way: a hundred thousand tasks are never one block of memory.
    internal static void Write(LoopSnapshot snapshot, Utf8JsonWriter json, Stream? to, IEnumerable<TaskSnapshot>? tasks = null)
    {
        json.WriteStartObject();
        json.WriteNumber("v", Version);
        json.WriteNumber("loopId", snapshot.LoopId);
        json.WriteText("loopName", snapshot.LoopName);
        json.WriteString("takenAt", snapshot.TakenAt.ToString("O", CultureInfo.InvariantCulture));
        json.WriteTime("loopTime", snapshot.LoopTime);
        json.WriteBoolean("isExact", snapshot.IsExact);
        json.WritePropertyName("statistics");
        Write(snapshot.Statistics, json);
        json.WritePropertyName("running");
        if (snapshot.Running is { } running)
        {
            json.WriteStartObject();
            json.WriteId("taskId", running.TaskId);
            json.WriteText("who", running.Who);
            json.WriteTime("elapsed", running.Elapsed);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteNumber("taskCount", snapshot.TaskCount);
        json.WriteNumber("unread", snapshot.Unread);
        json.WriteNumber("thread", snapshot.Thread);
        json.WriteBoolean("isRunning", snapshot.IsRunning);
        json.WriteTime("sinceLook", snapshot.SinceLook);
        if (snapshot.Delay is { } delay)
        {
            json.WriteStartObject("delay");
            json.WriteTime("median", delay.Median);
            json.WriteTime("percentile99", delay.Percentile99);
            json.WriteTime("most", delay.Most);
            json.WriteEndObject();
        }

        var ofRings = snapshot.Cycles.SelectMany(static ring => ring).DistinctBy(static task => task.Id).ToDictionary(static task => task.Id);
        WriteTasks("tasks", tasks ?? snapshot.Tasks, json, to, ofRings);
        WriteBunches(snapshot, json);
        WriteCycles(snapshot, json);
        WriteTasks("cycleTasks", [.. ofRings.Values], json, to, ofRings);      // those that are not listed
        json.WriteObjects("resources", snapshot.Resources, WriteResource);
        json.WriteObjects("stalls", snapshot.Stalls, WriteStall);
        json.WriteObjects("findings", snapshot.Findings, WriteFinding);
        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteBunches(LoopSnapshot snapshot, Utf8JsonWriter json) => json.WriteObjects("bunches", snapshot.Bunches, static (json, bunch) =>
    {
        json.WriteNumber("count", bunch.Count);
        json.WriteString("status", bunch.Status.ToString());
        json.WriteText("wait", bunch.Wait?.ToString());
        json.WriteText("text", bunch.Text);
        json.WriteTexts("stack", bunch.Stack);
        json.WriteTime("oldest", bunch.Oldest);
        json.WriteIds("examples", bunch.Examples);
    });

    private static void WriteCycles(LoopSnapshot snapshot, Utf8JsonWriter json)
    {
        json.WriteStartArray("cycles");
        foreach (var ring in snapshot.Cycles)
        {
            json.WriteStartArray();
            foreach (var task in ring)
            {
                json.WriteNumberValue(task.Id);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void WriteResource(Utf8JsonWriter json, ResourceSnapshot resource)
    {
        json.WriteString("kind", Kinds[(int)resource.Kind]);
        json.WriteText("name", resource.Name);
        json.WriteNumber("count", resource.Count);
        if (resource.Capacity is { } capacity)
        {
            json.WriteNumber("capacity", capacity);
        }
        else
        {
            json.WriteNull("capacity");
        }

        json.WriteNumber("peakCount", resource.PeakCount);
        json.WriteNumber("waiting", resource.Waiting);
        json.WriteNumber("peakWaiting", resource.PeakWaiting);
    }

    private static void WriteStall(Utf8JsonWriter json, StallSnapshot stall)
    {
        json.WriteTime("at", stall.At);
        json.WriteId("taskId", stall.TaskId);
        json.WriteText("who", stall.Who);
        json.WriteTexts("stack", stall.Stack);
        json.WriteTime("duration", stall.Duration);
        json.WriteBoolean("isOver", stall.IsOver);
        json.WriteTime("processor", stall.Processor);
        json.WriteTime("waitedForProcessor", stall.WaitedForProcessor);
        json.WriteTime("collector", stall.Collector);
    }

    internal static void WriteFinding(Utf8JsonWriter json, Finding finding)
    {
        json.WriteString("kind", finding.Kind.ToString());
        json.WriteString("severity", finding.Severity.ToString());
        json.WriteText("message", finding.Message);
        json.WriteText("advice", finding.Advice);
        json.WriteIds("tasks", finding.Tasks);
    }

    private static void Write(LoopStatistics statistics, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("readyCount", statistics.ReadyCount);
        json.WriteNumber("waitingCount", statistics.WaitingCount);
        json.WriteNumber("timerCount", statistics.TimerCount);
        json.WriteNumber("taskCount", statistics.TaskCount);
        json.WriteNumber("turns", statistics.Turns);
        json.WriteNumber("steps", statistics.Steps);
        json.WriteNumber("polls", statistics.Polls);
        json.WriteTime("busyTime", statistics.BusyTime);
        json.WriteTime("idleTime", statistics.IdleTime);
        json.WriteEndObject();
    }

    private static void WriteTasks(string name, IEnumerable<TaskSnapshot> tasks, Utf8JsonWriter json, Stream? to, Dictionary<int, TaskSnapshot> missing)
    {
        const int block = 32_000;
        json.WriteStartArray(name);
        foreach (var task in tasks)
        {
            Write(task, json);
            missing.Remove(task.Id);
            if (to is not null && json.BytesPending > block)
            {
                json.Flush();
            }
        }

        json.WriteEndArray();
    }

    private static void Write(TaskSnapshot task, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("id", task.Id);
        json.WriteText("name", task.Name);
        json.WriteString("status", Statuses[(int)task.Status]);
        json.WriteTime("inStatus", task.InStatus);
        WriteWaits(task, json);
        json.WriteTexts("stack", task.Stack);
        json.WriteId("createdBy", task.CreatedBy);
        json.WriteText("createdAt", task.CreatedAt);
        json.WriteIds("awaitedBy", task.AwaitedBy);
        json.WriteNumber("awaitedByCount", task.AwaitedByCount);
        WriteScopes(task, json);
        json.WriteTime("remaining", task.Remaining);
        json.WriteNumber("cancelRequests", task.CancelRequests);
        json.WriteBoolean("isCancelPending", task.IsCancelPending);
        json.WriteText("cancelReason", task.CancelReason);
        json.WritePropertyName("activity");
        if (task.Activity is { } activity)
        {
            json.WriteStartObject();
            json.WriteNumber("steps", activity.Steps);
            json.WriteTime("runTime", activity.RunTime);
            json.WriteTime("readyTime", activity.ReadyTime);
            json.WriteNumber("selfWakes", activity.SelfWakes);
            json.WriteId("wokenBy", activity.WokenBy);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteEndObject();
    }

    private static void WriteWaits(TaskSnapshot task, Utf8JsonWriter json) => json.WriteObjects("waits", task.Waits, static (json, wait) =>
    {
        json.WriteString("kind", Kinds[(int)wait.Kind]);
        json.WriteText("text", wait.Text);
        json.WriteNumber("objectId", wait.ObjectId);
        json.WriteText("name", wait.Name);
        json.WriteIds("blockers", wait.Blockers);
        json.WriteTime("remaining", wait.Remaining);
    });

    private static void WriteScopes(TaskSnapshot task, Utf8JsonWriter json) => json.WriteObjects("scopes", task.Scopes, static (json, scope) =>
    {
        json.WriteNumber("id", scope.Id);
        json.WriteString("kind", scope.Kind);
        json.WriteText("name", scope.Name);
        json.WriteNumber("host", scope.Host);
        json.WriteTime("remaining", scope.Remaining);
        json.WriteBoolean("shield", scope.Shield);
        json.WriteBoolean("cancelled", scope.Cancelled);
        json.WriteText("reason", scope.Reason);
    });

    // ---- Reading

    internal static LoopSnapshot Read(Stream from)
    {
        try
        {
            using var document = JsonDocument.Parse(from);
            return Read(document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            throw new FormatException($"This is no snapshot of a loop: {failure.Message}", failure);
        }
    }

    internal static LoopSnapshot Read(JsonElement json)
    {
        int version = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("v", out var v) && v.TryGetInt32(out int number)
            ? number
            : throw new FormatException("This is no snapshot of a loop: it has no \"v\".");
        if (version != Version)
        {
            throw new FormatException($"This snapshot has version {version}, and this library reads version {Version}: read it with a newer one.");
        }

        var tasks = json.List("tasks", ReadTask);
        var byId = tasks.Concat(json.List("cycleTasks", ReadTask)).DistinctBy(static task => task.Id).ToDictionary(static task => task.Id);
        return new LoopSnapshot
        {
            LoopId = json.Int("loopId"),
            LoopName = json.Text("loopName") ?? "",
            TakenAt = json.TryGetProperty("takenAt", out var at) ? at.GetDateTimeOffset() : default,
            LoopTime = json.Time("loopTime") ?? default,
            IsExact = json.Bool("isExact"),
            Statistics = json.TryGetProperty("statistics", out var statistics) ? ReadStatistics(statistics) : default,
            Running = json.TryGetProperty("running", out var running) && running.ValueKind == JsonValueKind.Object
                ? new StepSnapshot(running.Id("taskId"), running.Text("who") ?? "", running.Time("elapsed"))
                : null,
            TaskCount = json.Int("taskCount"),
            Unread = json.Int("unread"),
            Thread = json.Int("thread"),
            SinceLook = json.Time("sinceLook"),
            IsRunning = !json.TryGetProperty("isRunning", out var runs) || runs.ValueKind != JsonValueKind.False,
            Delay = json.TryGetProperty("delay", out var delay) && delay.ValueKind == JsonValueKind.Object
                ? new LoopDelay(delay.Time("median") ?? default, delay.Time("percentile99") ?? default, delay.Time("most") ?? default)
                : null,
            Tasks = tasks,
            Bunches = json.List("bunches", static bunch => new TaskBunch(
                bunch.Int("count"), bunch.Enum<LoopTaskStatus>("status"), bunch.OptionalEnum<WaitKind>("wait"), bunch.Text("text"), bunch.Texts("stack"),
                    bunch.Time("oldest") ?? default, bunch.Ids("examples"))),
            Cycles = json.List<IReadOnlyList<TaskSnapshot>>("cycles", ring =>
                [.. ring.EnumerateArray().Select(id =>
                    byId.TryGetValue(id.GetInt32(), out var task) ? task : new TaskSnapshot { Id = id.GetInt32(), Status = LoopTaskStatus.Waiting })]),
            Resources = json.List("resources", ReadResource),
            Stalls = json.List("stalls", ReadStall),
            Findings = json.List("findings", ReadFinding),
        };
    }

    internal static Finding ReadFinding(JsonElement json) =>
        new(json.Enum<FindingKind>("kind"), json.Enum<FindingSeverity>("severity"), json.Text("message") ?? "", json.Text("advice") ?? "", json.Ids("tasks"));

    private static ResourceSnapshot ReadResource(JsonElement json) => new(
        json.Enum<WaitKind>("kind"), json.Text("name") ?? "", json.Long("count"),
        json.TryGetProperty("capacity", out var most) && most.ValueKind == JsonValueKind.Number ? most.GetInt64() : null,
        json.Long("peakCount"), json.Int("waiting"), json.Int("peakWaiting"));

    private static StallSnapshot ReadStall(JsonElement json) => new(
        json.Time("at") ?? default, json.Id("taskId"), json.Text("who") ?? "", json.Texts("stack"), json.Time("duration") ?? default, json.Bool("isOver"),
        json.Time("processor"), json.Time("waitedForProcessor"), json.Time("collector") ?? default);

    private static LoopStatistics ReadStatistics(JsonElement json) => new(
        json.Int("readyCount"), json.Int("waitingCount"), json.Int("timerCount"), json.Int("taskCount"), json.Long("turns"), json.Long("steps"),
            json.Long("polls"),
        json.Time("busyTime") ?? default, json.Time("idleTime") ?? default);

    private static TaskSnapshot ReadTask(JsonElement json) => new()
    {
        Id = json.Int("id"),
        Name = json.Text("name") ?? "",
        Status = json.Enum<LoopTaskStatus>("status"),
        InStatus = json.Time("inStatus") ?? default,
        Waits = json.List("waits", static wait => new WaitSnapshot(
            wait.Enum<WaitKind>("kind"), wait.Text("text") ?? "", wait.Int("objectId"), wait.Text("name"), wait.Ids("blockers"), wait.Time("remaining"))),
        Stack = json.Texts("stack"),
        CreatedBy = json.Id("createdBy"),
        CreatedAt = json.Text("createdAt"),
        AwaitedBy = json.Ids("awaitedBy"),
        AwaitedByCount = json.Int("awaitedByCount"),
        Scopes = json.List("scopes", static scope => new ScopeSnapshot(
            scope.Int("id"), scope.Text("kind") ?? "", scope.Text("name"), scope.Int("host"), scope.Time("remaining"), scope.Bool("shield"),
                scope.Bool("cancelled"), scope.Text("reason"))),
        Remaining = json.Time("remaining"),
        CancelRequests = json.Int("cancelRequests"),
        IsCancelPending = json.Bool("isCancelPending"),
        CancelReason = json.Text("cancelReason"),
        Activity = json.TryGetProperty("activity", out var activity) && activity.ValueKind == JsonValueKind.Object
            ? new TaskActivity(activity.Long("steps"), activity.Time("runTime") ?? default, activity.Time("readyTime") ?? default, activity.Long("selfWakes"),
                activity.Id("wokenBy"))
            : null,
    };
}
