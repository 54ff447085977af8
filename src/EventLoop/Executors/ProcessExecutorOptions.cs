using EventLoop.Executors.Work;

namespace EventLoop;

/// <summary>
/// Options of a <see cref="ProcessExecutor"/>. Times and numbers of zero or less (below zero where zero has a meaning) make its constructor throw
/// <see cref="ArgumentOutOfRangeException"/>; null means "no limit" throughout.
/// </summary>
public sealed record ProcessExecutorOptions
{
    /// <summary>The most workers; null: as many as the processors that this process may use.</summary>
    public int? Workers { get; init; }

    /// <summary>How many workers are kept when there is nothing to do.</summary>
    public int IdleWorkers { get; init; }

    /// <summary>How long a worker above that number may be without work before it ends.</summary>
    public TimeSpan? IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How much work may wait for a worker; beyond it Run waits. Zero: unbounded.</summary>
    public int QueueCapacity { get; init; }

    /// <summary>The limit for one piece of work, from its beginning in the worker: beyond it the waiter gets <see cref="TimeoutException"/>, and
    /// <see cref="CancelGrace"/> applies.</summary>
    public TimeSpan? TaskTimeout { get; init; }

    /// <summary>How long work that timed out or was cancelled may continue, with its token cancelled, before its worker is killed and replaced; zero: not at
    /// all. Nobody waits for it meanwhile.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many pieces of work a worker does before it is replaced.</summary>
    public int? MaxTasksPerWorker { get; init; }

    /// <summary>
    /// In bytes. Work that needs more on the managed heap fails with <see cref="OutOfMemoryException"/>, and the worker survives; a worker whose resident
    /// memory exceeds it is replaced between two pieces of work, and one that exceeds it by 25 % is killed.
    /// </summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Runs first in each worker; a static lambda or method, otherwise the constructor throws <see cref="ArgumentException"/>. If it fails, so does
    /// the worker.</summary>
    public Action? Initializer { get; init; }

    /// <summary>
    /// Serializes what is not raw: byte[], string, unmanaged types and arrays of them are sent as they are. A new instance is made in the worker, so it needs
    /// a public constructor without parameters, otherwise the constructor throws <see cref="ArgumentException"/>; a <see cref="JsonWorkSerializer"/> with
    /// options is a class of yours that passes them to the base. Null: System.Text.Json, with fields, so that tuples work.
    /// </summary>
    public IWorkSerializer? Serializer { get; init; }

    /// <summary>Changes to this process's environment, for the workers.</summary>
    public IReadOnlyDictionary<string, string?>? Environment { get; init; }

    /// <summary>
    /// The command that starts a worker; null: this program again, stopped before its Main. Set it where that is impossible (a native host), to a program
    /// whose Main calls <see cref="WorkerProcess.Run"/>.
    /// </summary>
    public ProcessCommand? WorkerCommand { get; init; }

    internal void Verify()
    {
        Positive(Workers, nameof(Workers));
        ArgumentOutOfRangeException.ThrowIfNegative(IdleWorkers);
        Positive(IdleTimeout, nameof(IdleTimeout));
        ArgumentOutOfRangeException.ThrowIfNegative(QueueCapacity);
        Positive(TaskTimeout, nameof(TaskTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(CancelGrace, TimeSpan.Zero);
        Positive(MaxTasksPerWorker, nameof(MaxTasksPerWorker));
        Positive(MemoryLimit, nameof(MemoryLimit));
        JsonWorkSerializer.RefuseOptions(Serializer, nameof(Serializer));
        if (Serializer is { } serializer && (serializer.GetType().AssemblyQualifiedName is null || !HasConstructor(serializer.GetType())))
        {
            throw new ArgumentException($"{serializer.GetType()} has no public constructor without parameters, and each worker process makes its own "
                + "serializer.", nameof(Serializer));
        }

        if (Initializer is not null)
        {
            _ = WorkName.Of(Initializer);
        }
    }

    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A constructor that was trimmed away is refused.")]
    private static bool HasConstructor(Type type) => type.GetConstructor([]) is not null || type == typeof(JsonWorkSerializer);

    private static void Positive<T>(T? value, string name) where T : struct, IComparable<T>
    {
        if (value is { } given && given.CompareTo(default) <= 0)
        {
            throw new ArgumentOutOfRangeException(name, given, $"{name} has to be greater than zero; null means no limit.");
        }
    }
}
