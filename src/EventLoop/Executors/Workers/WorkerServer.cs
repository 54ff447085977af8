using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using EventLoop.Executors.Work;
using EventLoop.Native;

namespace EventLoop.Executors.Workers;

/// <summary>
/// A worker process: its first thread reads the pool's messages and runs the work, one piece after another. While a piece takes longer, a second thread reads,
/// because the work may be cancelled, or the pool's end of the socket may be gone. Then the pool's process is gone as well, and this one ends at once.
/// </summary>
internal sealed partial class WorkerServer
{
    private readonly WorkerSocket socket = new();
    private readonly Dictionary<int, WorkFunction> functions = [];        // the first thread's
    // one frame at a time; held while the pool is slow to read, which is what slows progress reports
    private readonly Lock writing = new();
    private bool isAtWork;                                                 // guarded by writing: on work that it has not answered yet
    private readonly Lock gate = new();                                    // of the fields below; held only for a moment
    private CancellationTokenSource? current;
    private int currentId;
    private int canceledEarly;                                             // work whose cancellation was read before it began; zero: none

    /// <param name="Kind">What it is.</param>
    /// <param name="Id">The number of the work that it is about.</param>
    /// <param name="Bytes">Pooled; null: there was no memory for them.</param>
    /// <param name="Length">How many there are.</param>
    private readonly record struct Arrival(FrameKind Kind, int Id, byte[]? Bytes, int Length);

    internal int WorkerId { get; private set; }

    internal IWorkSerializer Serializer { get; private set; } = new DefaultWorkSerializer();

    /// <summary>Runs until the pool needs it no more.</summary>
    internal void Serve()
    {
        CleanContext? clean = null;
        while (true)
        {
            var next = Take();
            WorkBegins();
            switch (next.Kind)
            {
                case FrameKind.Hello:
                    Begin(next);
                    break;
                case FrameKind.Name:
                    Learn(next);
                    break;
                case FrameKind.End:
                    return;
                default:
                    WatchFromNowOn();
                    clean ??= CleanContext.Capture();      // with what the initializer has set, which is for all work
                    Work(next);
                    clean.Value.Restore();
                    break;
            }

            WorkEnds();
            Drop(next);
        }
    }

    private void Begin(Arrival hello)
    {
        var reader = new FrameReader(Bytes(hello));
        WorkerId = reader.ReadInt32();
        using var frame = new FrameWriter();
        try
        {
            if (reader.ReadText() is { } serializer)
            {
                Use(serializer);
            }

            if (reader.ReadText() is { } initializer)
            {
                Initialize(initializer, frame);
            }

            Send(frame, FrameKind.Ready, 0);
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
    }

    // What the usual start does not need is in methods of its own, so that it is neither compiled nor loaded.
    [UnconditionalSuppressMessage("Trimming", "IL2057", Justification = "Trimmed programs keep their serializer.")]
    private void Use(string serializer) => Serializer = (IWorkSerializer)Activator.CreateInstance(Type.GetType(serializer, throwOnError: true)!)!;

    private void Initialize(string initializer, FrameWriter frame)
    {
        WatchFromNowOn();
        WorkFunction.Of(WorkFrames.NameOf(initializer)).Run(default, new WorkCall(WorkerId, CancellationToken.None, Serializer), frame);
    }

    private static void Fail(Exception failure)
    {
        Console.Error.WriteLine($"The initializer of a worker process failed: {failure}");
        Environment.Exit(1);
    }

    [SuppressMessage("Design", "MA0012", Justification = "The work has met this, and its caller is told with the size.")]
    [SuppressMessage("Usage", "CA2201", Justification = "As above.")]
    private static ReadOnlySpan<byte> Bytes(Arrival arrival) => arrival.Bytes is { } bytes ? bytes.AsSpan(0, arrival.Length)
        : throw new OutOfMemoryException($"The worker process has no memory for an argument of {arrival.Length} bytes.");

    private void Learn(Arrival name)
    {
        try
        {
            functions[name.Id] = WorkFunction.Of(WorkFrames.NameOf(System.Text.Encoding.UTF8.GetString(Bytes(name))));
        }
        catch (Exception failure)
        {
            functions[name.Id] = new MissingFunction(failure);
        }
    }

    private void Work(Arrival work)
    {
        var source = new CancellationTokenSource();
        lock (gate)
        {
            current = source;
            currentId = work.Id;
            if (canceledEarly == work.Id)
            {
                source.Cancel();      // nobody listens yet
            }
        }

        lock (writing)
        {
            isAtWork = true;
        }

        var frame = new FrameWriter();
        var kind = FrameKind.Result;
        try
        {
            var reader = new FrameReader(Bytes(work));
            var function = functions[reader.ReadInt32()];
            var call = new WorkCall(WorkerId, source.Token, Serializer, progress => Report(work.Id, progress));
            if (work.Kind == FrameKind.WorkChunk)
            {
                RunChunk(function, call, reader, frame);
            }
            else
            {
                function.Run(reader.Rest, call, frame);
            }
        }
        catch (Exception failure)
        {
            frame.Truncate(FrameWriter.Head);
            WorkFrames.Write(frame, failure);
            kind = FrameKind.Failure;
        }

        lock (gate)
        {
            current = null;
        }

        lock (writing)
        {
            isAtWork = false;
            Write(frame, kind, work.Id);
        }

        frame.Dispose();
    }

    // Each place gets a result or a failure.
    private static void RunChunk(WorkFunction function, WorkCall call, FrameReader arguments, FrameWriter results)
    {
        int count = arguments.ReadInt32();
        var clean = CleanContext.Capture();
        for (int i = 0; i < count; i++)
        {
            clean.Restore();
            var argument = arguments.ReadBytes(arguments.ReadInt32());
            int head = results.Length;
            results.WriteInt32(0);
            results.WriteInt32(0);
            try
            {
                call.CancellationToken.ThrowIfCancellationRequested();
                function.Run(argument, call, results);
            }
            catch (Exception failure)
            {
                results.Truncate(head + 8);
                results.PatchInt32(head, 1);
                WorkFrames.Write(results, failure);
            }

            results.PatchInt32(head + 4, results.Length - head - 8);
        }
    }

    // On any thread of the work's; in order, because each call waits until its report is on the way.
    private void Report(int id, ReadOnlyMemory<byte> progress)
    {
        using var frame = new FrameWriter();
        frame.Write(progress.Span);
        Send(frame, FrameKind.Progress, id);
    }

    private void Send(FrameWriter frame, FrameKind kind, int id)
    {
        lock (writing)
        {
            Write(frame, kind, id);
        }
    }

    // One thread at a time: holds the lock.
    private void Write(FrameWriter frame, FrameKind kind, int id)
    {
        if (!socket.Write(frame.Finish(kind, id).Span))
        {
            WorkerSocket.EndProcess();
        }
    }

    private void Cancel(int id)
    {
        CancellationTokenSource? source;
        lock (gate)
        {
            source = currentId == id ? current : null;
            canceledEarly = currentId == id ? 0 : id;
        }

        source?.CancelAsync();       // callbacks of users must not hold up this thread
    }

    /// <summary>A function that is not available here: its callers are told why.</summary>
    private sealed class MissingFunction(Exception why) : WorkFunction
    {
        internal override bool NeedsLoop => false;

        internal override void Run(ReadOnlySpan<byte> argument, WorkCall call, IBufferWriter<byte> result) =>
            throw new InvalidOperationException($"The work cannot be found in the worker process: {why.Message}", why);

        internal override async Coroutine RunAsync(ReadOnlyMemory<byte> argument, WorkCall call, IBufferWriter<byte> result) =>
            Run(argument.Span, call, result);
    }
}
