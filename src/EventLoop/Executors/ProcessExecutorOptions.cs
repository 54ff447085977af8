using EventLoop.Executors.Work;

namespace EventLoop;

/// <summary>
/// How a <see cref="ProcessExecutor"/> works. Times and numbers of zero or less (below zero where zero means something) throw
/// <see cref="ArgumentOutOfRangeException"/> from its constructor; null is "no limit" throughout.
/// </summary>
public sealed record ProcessExecutorOptions
{
    /// <summary>The most workers; null: the processors that this process may use.</summary>
    public int? Workers { get; init; }

    /// <summary>So many are kept when there is nothing to do.</summary>
    public int IdleWorkers { get; init; }

    /// <summary>A worker above that number ends after so long without work.</summary>
    public TimeSpan? IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How much work may wait for a worker; beyond it Run waits. Zero: unbounded.</summary>
    public int QueueCapacity { get; init; }

    /// <summary>For one piece of work, from its beginning in the worker: then
    /// <see cref="TimeoutException"/>, and what <see cref="CancelGrace"/> says.</summary>
    public TimeSpan? TaskTimeout { get; init; }

    /// <summary>How long work that timed out or was cancelled may continue, its token cancelled, before its worker is
    /// killed and replaced; zero: at once. Nobody waits for it meanwhile.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A worker is replaced after so much work.</summary>
    public int? MaxTasksPerWorker { get; init; }

    /// <summary>
    /// Bytes. Work that needs more on the managed heap fails with <see cref="OutOfMemoryException"/>, and the worker lives; a worker whose resident memory is
    /// over it is replaced between two pieces of work, and one that goes 25 % over it is killed.
    /// </summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Runs first in each worker; a static lambda or method, else <see cref="ArgumentException"/>
    /// from the constructor. When it fails, so does the worker.</summary>
    public Action? Initializer { get; init; }

    /// <summary>
    /// For what is not raw: byte[], string, unmanaged types and arrays of them travel as they are. Made anew in the worker, so it has a public constructor
    /// without parameters, else <see cref="ArgumentException"/>. Null: System.Text.Json, with fields, so that tuples work.
    /// </summary>
    public IWorkSerializer? Serializer { get; init; }

    /// <summary>Of workers: changes to this process's.</summary>
    public IReadOnlyDictionary<string, string?>? Environment { get; init; }

    /// <summary>
    /// What starts a worker; null: this program again, stopped before its Main. Set it where that cannot be (a
    /// native host): a program whose Main calls <see cref="WorkerProcess.Run"/>.
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
