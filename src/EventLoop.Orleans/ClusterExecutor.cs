using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Executors;
using EventLoop.Executors.Work;
using EventLoop.Orleans.Grains;
using Orleans;

namespace EventLoop.Orleans;

/// <summary>Runs static functions on the silos of a cluster: what a pool of worker processes does on one machine, with the same calls.</summary>
/// <remarks>
/// <para><b>What can be run:</b> a static method, a static lambda, or any lambda that captures nothing, from an assembly that the silos have in the same
/// build; another build is refused with <see cref="WorkRefusedException"/>, which names both. Arguments and results are copied.</para>
/// <para><b>A lost silo fails what ran there</b> with <see cref="SiloLostException"/>; nothing is run twice, unless <see cref="Retry"/> allows it.</para>
/// <para><b>An exception of the work</b> is thrown here with the same type, if that can be made from a message and an inner exception, and with the silo's
/// stack; otherwise as <see cref="WorkerTaskException"/>.</para>
/// <para><b>Cancellation:</b> is passed to the silo by Orleans' tokens, and the wait ends when the silo has acknowledged it: at once for queued work, with the
/// work if that observes its token, after <see cref="ClusterExecutorOptions.CancelGrace"/> for work that does not; at the latest after
/// <see cref="LoopOptions.ForeignGrace"/>. This needs a client made with <see cref="EventLoopOrleansExtensions.UseClusterExecutor"/>; without it the wait ends
/// at once, unless the work has run for two seconds already. For quick work, which is sent together with others, it ends with the call.</para>
/// <para><b>Thread:</b> <c>Run</c>, <c>Map</c> and <c>AsCompleted</c> on any loop, the rest on any thread.</para>
/// <para>Every silo needs <see cref="EventLoopOrleansExtensions.AddEventLoopWorkers"/>. Python: Dask's <c>Client.submit</c> and <c>map</c>, Ray's
/// tasks.</para>
/// </remarks>
public sealed partial class ClusterExecutor : IExecutor, IBareExecutor
{
    private readonly ClusterCalls calls;
    private readonly WorkRetry? retry;

    /// <summary>Makes an executor over a connected client, which remains its owner's.</summary>
    /// <param name="client">Usually that of a host whose builder has <see cref="EventLoopOrleansExtensions.UseClusterExecutor"/>.</param>
    /// <param name="options">Null: the defaults.</param>
    public ClusterExecutor(IClusterClient client, ClusterExecutorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        calls = new ClusterCalls(client, options ?? new ClusterExecutorOptions());
    }

    private ClusterExecutor(ClusterCalls calls, WorkRetry retry)
    {
        this.calls = calls;
        this.retry = retry;
    }

    /// <summary>Returns the same executor with retries: work is run again elsewhere if its silo is lost; for work that may be done twice, or that checks by
    /// <see cref="ClusterWork.IdempotencyKey"/> whether it has been done.</summary>
    /// <param name="attempts">The most attempts, including the first one; between two of them is a pause, of 200 ms at first and twice as long each
    /// time.</param>
    /// <param name="idempotencyKey">The key that the work reads; in Map and AsCompleted, where each argument is a piece of work, it ends in the argument's
    /// place: "key-0", "key-1". Null: one is made for each piece of work, the same for all its attempts.</param>
    /// <returns>An executor that shares everything with this one, including its end.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="attempts"/> is less than one.</exception>
    public ClusterExecutor Retry(int attempts = 5, string? idempotencyKey = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1);
        return new ClusterExecutor(calls, new WorkRetry(attempts, idempotencyKey));
    }

    // ---- One piece of work

    /// <summary>Runs a function on a silo.</summary>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <param name="work">A function that captures nothing.</param>
    /// <returns>What the work returned.</returns>
    /// <exception cref="ArgumentException">The work captures something, which the message names; or the argument is too large for a message of
    /// Orleans.</exception>
    /// <exception cref="SiloLostException">The silo was lost.</exception>
    /// <exception cref="WorkRefusedException">The silo does not have this function, or has another version of it.</exception>
    /// <exception cref="TimeoutException">The work took longer than <see cref="ClusterExecutorOptions.TaskTimeout"/>.</exception>
    /// <exception cref="ObjectDisposedException">The executor was stopped or disposed.</exception>
    public Coroutine<TResult> Run<TResult>(Func<TResult> work) => RunFunction<TResult>(work);

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <param name="work">A function that captures nothing.</param>
    /// <param name="argument">The argument of the function.</param>
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, TResult> work, TArgument argument) => RunFunction<TArgument, TResult>(work, argument);

    /// <inheritdoc cref="Run{TArgument, TResult}(Func{TArgument, TResult}, TArgument)"/>
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, WorkerContext, TResult> work, TArgument argument) =>
        RunFunction<TArgument, TResult>(work, argument);

    /// <inheritdoc cref="Run{TArgument, TResult}(Func{TArgument, TResult}, TArgument)"/>
    /// <typeparam name="TArgument">The type of the argument.</typeparam>
    /// <typeparam name="TProgress">The type of the reports.</typeparam>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <param name="work">A function that captures nothing.</param>
    /// <param name="argument">The argument of the function.</param>
    /// <param name="onProgress">Called on this loop with the work's progress reports, in order and before the result. A slow callback slows the work down; an
    /// exception of it is thrown by Run, and cancels the work.</param>
    public Coroutine<TResult> Run<TArgument, TProgress,
        TResult>(Func<TArgument, WorkerContext<TProgress>, TResult> work, TArgument argument, Action<TProgress> onProgress)
    {
        ArgumentNullException.ThrowIfNull(onProgress);
        return RunWithProgress<TArgument, TProgress, TResult>(WorkName.Of(work), argument, onProgress);
    }

    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    public Coroutine Run(Action work) => Ignore(RunFunction<byte>(work, hasResult: false));

    /// <inheritdoc cref="Run{TArgument, TResult}(Func{TArgument, TResult}, TArgument)"/>
    public Coroutine Run<TArgument>(Action<TArgument> work, TArgument argument) => Ignore(RunFunction<TArgument, byte>(work, argument, hasResult: false));

    /// <inheritdoc cref="Run{TArgument, TResult}(Func{TArgument, TResult}, TArgument)"/>
    public Coroutine Run<TArgument>(Action<TArgument, WorkerContext> work, TArgument argument) =>
        Ignore(RunFunction<TArgument, byte>(work, argument, hasResult: false));

    /// <summary>Runs asynchronous work on a loop of the silo's.</summary>
    /// <inheritdoc cref="Run{TResult}(Func{TResult})"/>
    [OverloadResolutionPriority(1)]
    public Coroutine Run(Func<Coroutine> work) => Ignore(RunFunction<byte>(work, hasResult: false));

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    [OverloadResolutionPriority(1)]
    public Coroutine Run<TArgument>(Func<TArgument, Coroutine> work, TArgument argument) =>
        Ignore(RunFunction<TArgument, byte>(work, argument, hasResult: false));

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    [OverloadResolutionPriority(1)]
    public Coroutine Run<TArgument>(Func<TArgument, WorkerContext, Coroutine> work, TArgument argument) =>
        Ignore(RunFunction<TArgument, byte>(work, argument, hasResult: false));

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    [OverloadResolutionPriority(1)]
    public Coroutine<TResult> Run<TResult>(Func<Coroutine<TResult>> work) => RunFunction<TResult>(work);

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    [OverloadResolutionPriority(1)]
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, Coroutine<TResult>> work, TArgument argument) =>
        RunFunction<TArgument, TResult>(work, argument);

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    [OverloadResolutionPriority(1)]
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, WorkerContext, Coroutine<TResult>> work, TArgument argument) =>
        RunFunction<TArgument, TResult>(work, argument);

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    public Coroutine Run(Func<Task> work) => Ignore(RunFunction<byte>(work, hasResult: false));

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    public Coroutine Run<TArgument>(Func<TArgument, Task> work, TArgument argument) => Ignore(RunFunction<TArgument, byte>(work, argument, hasResult: false));

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    public Coroutine<TResult> Run<TResult>(Func<Task<TResult>> work) => RunFunction<TResult>(work);

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    public Coroutine<TResult> Run<TArgument, TResult>(Func<TArgument, Task<TResult>> work, TArgument argument) =>
        RunFunction<TArgument, TResult>(work, argument);

    /// <inheritdoc/>
    /// <remarks>Any thread. Work that captures something is refused here as well.</remarks>
    public async Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
    {
        // The awaiter may take its time, and the response is for others, too.
        var bytes = await calls.RunAsync(WorkName.Of(work), default, false, retry, null, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return WorkValues.Read<T>(bytes.Span, calls.Serializer);
    }

    async Task IBareExecutor.SubmitAsync(Action work, CancellationToken cancellationToken) =>
        await calls.RunAsync(WorkName.Of(work), default, false, retry, null, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    // ---- Statistics, and the end

    /// <summary>What it is doing and has done, together with everything that shares it.</summary>
    public ClusterExecutorStatistics Statistics => calls.Statistics;

    /// <summary>Accepts no more work; what it has may end within the time, and is then cancelled. Python: <c>shutdown</c>.</summary>
    /// <param name="timeout">Null or infinite: without limit. Zero: no time at all.</param>
    /// <returns>How many pieces of work (or chunks) were cancelled.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite; nothing is stopped.</exception>
    public async Coroutine<int> StopAsync(TimeSpan? timeout = null) => await calls.StopAsync(timeout);

    /// <summary>Like StopAsync without a limit, as with every executor.</summary>
    public async ValueTask DisposeAsync() => await calls.StopAsync(null).ConfigureAwait(false);

    // Work that cannot be run is refused in the call, not at the await.
    private Coroutine<TResult> RunFunction<TResult>(Delegate work, bool hasResult = true) => Await<TResult>(WorkName.Of(work), default, hasResult);

    private Coroutine<TResult> RunFunction<TArgument, TResult>(Delegate work, TArgument argument, bool hasResult = true) =>
        Serialized<TArgument, TResult>(WorkName.Of(work), argument, hasResult);

    private async Coroutine<TResult> Serialized<TArgument, TResult>(WorkName name, TArgument argument, bool hasResult)
    {
        var written = new ArrayBufferWriter<byte>();
        WorkValues.Write(argument, written, calls.Serializer);
        return await Await<TResult>(name, written.WrittenMemory, hasResult);
    }

    private async Coroutine<TResult> Await<TResult>(WorkName name, ReadOnlyMemory<byte> argument, bool hasResult)
    {
        var bytes = await calls.RunAsync(name, argument, false, retry, null, Loop.CancellationToken);
        return hasResult ? WorkValues.Read<TResult>(bytes.Span, calls.Serializer) : default!;
    }

    private async Coroutine<TResult> RunWithProgress<TArgument, TProgress, TResult>(WorkName name, TArgument argument, Action<TProgress> onProgress)
    {
        var written = new ArrayBufferWriter<byte>();
        WorkValues.Write(argument, written, calls.Serializer);
        Exception? failure = null;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Loop.CancellationToken);
        var listener = new ProgressListener<TProgress>(Loop.Current, onProgress, calls.Serializer, failed =>
        {
            failure ??= failed;
            cancellation.Cancel();
        });
        var reference = calls.Grains.CreateObjectReference<IProgressObserver>(listener);
        ReadOnlyMemory<byte> bytes = default;
        try
        {
            bytes = await calls.RunAsync(name, written.WrittenMemory, false, retry, reference, cancellation.Token);
        }
        catch (Exception outcome) when (failure is not null && outcome is not LoopCanceledException)
        {
            // The work was cancelled because the callback has failed, which is thrown below, however the work took it.
        }
        finally
        {
            listener.Close();      // a report that is late calls nothing, and cancels nothing that is disposed
            calls.Grains.DeleteObjectReference<IProgressObserver>(reference);
            GC.KeepAlive(listener);      // Orleans references it weakly, and calls nobody when it has been collected
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return WorkValues.Read<TResult>(bytes.Span, calls.Serializer);
    }

    private static async Coroutine Ignore<T>(Coroutine<T> work) => await work;
}
