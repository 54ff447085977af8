using System.Runtime.CompilerServices;
using EventLoop.Running;
using EventLoop.Tasks;

namespace EventLoop;

// Running a program: asyncio.run.
public sealed partial class Loop
{
    /// <summary>Runs <paramref name="main"/> on a new loop on this thread, cancels and awaits what it
    /// left running, and closes the loop. asyncio: <c>run</c>.</summary>
    /// <param name="main">The program.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Cancels main, from any thread.</param>
    /// <remarks>
    /// <para>How it ends: main is done, and nothing more can be submitted; remaining tasks are cancelled and awaited, for at most
    /// <see cref="LoopOptions.ShutdownTimeout"/> (what is abandoned is named); the executor that the loop made finishes its work, while the loop still turns;
    /// the loop is closed; the thread's contexts are restored. An exception of main is rethrown with its stack.</para>
    /// <para>The first Ctrl-C or SIGTERM cancels main, and writes to standard error where main waits. The second ends the run at once: what is left is
    /// cancelled (again), and has a second for its <c>finally</c> blocks. The third has the system's default effect. If main survives the first, or is
    /// cancelled by somebody else, the run ends as main does.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">A loop is already running on this thread.</exception>
    /// <exception cref="LoopInterruptedException">Main was cancelled by Ctrl-C or SIGTERM, or one of them came a second time.</exception>
    /// <exception cref="LoopCanceledException">Main was cancelled by anything else, such as <paramref name="cancellationToken"/>.</exception>
    public static void Run(Coroutine main, LoopOptions? options, CancellationToken cancellationToken)
    {
        using var runner = new LoopRunner(options) { IsSingle = true };
        runner.Run(main, cancellationToken);
    }

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?, CancellationToken)"/>
    public static void Run(Coroutine main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What main returned.</returns>
    public static T Run<T>(Coroutine<T> main, LoopOptions? options, CancellationToken cancellationToken)
    {
        using var runner = new LoopRunner(options) { IsSingle = true };
        return runner.Run(main, cancellationToken);
    }

    /// <inheritdoc cref="Run{T}(Coroutine{T}, LoopOptions?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static T Run<T>(Coroutine<T> main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static void Run(Func<Coroutine> main, LoopOptions? options, CancellationToken cancellationToken) =>
        Run(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="Run(Func{Coroutine}, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static void Run(Func<Coroutine> main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static T Run<T>(Func<Coroutine<T>> main, LoopOptions? options, CancellationToken cancellationToken) =>
        Run(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="Run{T}(Func{Coroutine{T}}, LoopOptions?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <example>
    /// <code>
    /// int answer = Loop.Run(async () =&gt;
    /// {
    ///     await Loop.Sleep(10);
    ///     return 42;
    /// });
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public static T Run<T>(Func<Coroutine<T>> main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?, CancellationToken)"/>
    public static void Run(Func<Task> main, LoopOptions? options, CancellationToken cancellationToken) =>
        Run(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="Run(Func{Task}, LoopOptions?, CancellationToken)"/>
    public static void Run(Func<Task> main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, LoopOptions?, CancellationToken)"/>
    public static T Run<T>(Func<Task<T>> main, LoopOptions? options, CancellationToken cancellationToken) =>
        Run(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="Run{T}(Func{Task{T}}, LoopOptions?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static T Run<T>(Func<Task<T>> main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <summary>Runs a new loop on this thread until a .NET task has completed, which may have been started anywhere.</summary>
    /// <param name="main">It continues where it was started, which was outside this loop. To run an async method on the loop, pass the method and not the task
    /// that it returns.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait, from any thread; the task is left alone.</param>
    /// <inheritdoc cref="Run(Coroutine, LoopOptions?, CancellationToken)" path="/remarks|/exception"/>
    public static void Run(Task main, LoopOptions? options, CancellationToken cancellationToken) =>
        Run(ForeignTaskExtensions.Await(main), options, cancellationToken);

    /// <inheritdoc cref="Run(Task, LoopOptions?, CancellationToken)"/>
    public static void Run(Task main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <inheritdoc cref="Run(Task, LoopOptions?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the task returned.</returns>
    public static T Run<T>(Task<T> main, LoopOptions? options, CancellationToken cancellationToken) =>
        Run(ForeignTaskExtensions.Await(main), options, cancellationToken);

    /// <inheritdoc cref="Run{T}(Task{T}, LoopOptions?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static T Run<T>(Task<T> main, LoopOptions? options = null) => Run(main, options, CancellationToken.None);

    /// <inheritdoc cref="Run(Coroutine, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public static void Run(Coroutine main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <inheritdoc cref="Run{T}(Coroutine{T}, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public static T Run<T>(Coroutine<T> main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <inheritdoc cref="Run(Func{Coroutine}, LoopOptions?, CancellationToken)"/>
    public static void Run(Func<Coroutine> main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <inheritdoc cref="Run{T}(Func{Coroutine{T}}, LoopOptions?, CancellationToken)"/>
    public static T Run<T>(Func<Coroutine<T>> main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <inheritdoc cref="Run(Func{Task}, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public static void Run(Func<Task> main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <inheritdoc cref="Run{T}(Func{Task{T}}, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public static T Run<T>(Func<Task<T>> main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <inheritdoc cref="Run(Task, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public static void Run(Task main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <inheritdoc cref="Run{T}(Task{T}, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public static T Run<T>(Task<T> main, CancellationToken cancellationToken) => Run(main, null, cancellationToken);

    /// <summary>Runs <paramref name="main"/> as a whole program: its <c>Main</c> is just <c>return Loop.RunMain(...)</c>.</summary>
    /// <param name="main">The program.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Cancels main, from any thread.</param>
    /// <returns>
    /// The exit code: what main returned, 0 where it returns nothing; the code of a <see cref="LoopExitException"/>; 130 after Ctrl-C and 143 after SIGTERM. 1
    /// when main failed or was cancelled by anything other than a signal: the exception is printed as .NET prints unhandled ones, and the process ends in an
    /// orderly way, without a dump.
    /// </returns>
    /// <inheritdoc cref="Run(Coroutine, LoopOptions?, CancellationToken)" path="/remarks"/>
    /// <exception cref="InvalidOperationException">A loop is already running on this thread.</exception>
    public static int RunMain(Coroutine main, LoopOptions? options = null, CancellationToken cancellationToken = default) => MainRun.ExitCodeOf(
        options,
        runner =>
        {
            runner.Run(main, cancellationToken);
            return 0;
        });

    /// <inheritdoc cref="RunMain(Coroutine, LoopOptions?, CancellationToken)"/>
    public static int RunMain(Coroutine<int> main, LoopOptions? options = null, CancellationToken cancellationToken = default) =>
        MainRun.ExitCodeOf(options, runner => runner.Run(main, cancellationToken));

    /// <inheritdoc cref="RunMain(Coroutine, LoopOptions?, CancellationToken)"/>
    /// <example>
    /// <code>
    /// int exitCode = Loop.RunMain(async () =&gt;
    /// {
    ///     await Loop.Sleep(TimeSpan.FromSeconds(1));
    ///     Console.WriteLine("a second later, on the same thread");
    /// });
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public static int RunMain(Func<Coroutine> main, LoopOptions? options = null, CancellationToken cancellationToken = default) =>
        RunMain(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="RunMain(Coroutine, LoopOptions?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static int RunMain(Func<Coroutine<int>> main, LoopOptions? options = null, CancellationToken cancellationToken = default) =>
        RunMain(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="RunMain(Coroutine, LoopOptions?, CancellationToken)"/>
    public static int RunMain(Func<Task> main, LoopOptions? options = null, CancellationToken cancellationToken = default) =>
        RunMain(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="RunMain(Coroutine, LoopOptions?, CancellationToken)"/>
    public static int RunMain(Func<Task<int>> main, LoopOptions? options = null, CancellationToken cancellationToken = default) =>
        RunMain(DeferredCoroutine.Run(main), options, cancellationToken);

    /// <inheritdoc cref="RunMain(Coroutine, LoopOptions?, CancellationToken)"/>
    public static int RunMain(Task main, LoopOptions? options = null, CancellationToken cancellationToken = default) =>
        RunMain(ForeignTaskExtensions.Await(main), options, cancellationToken);

    /// <inheritdoc cref="RunMain(Coroutine, LoopOptions?, CancellationToken)"/>
    public static int RunMain(Task<int> main, LoopOptions? options = null, CancellationToken cancellationToken = default) =>
        RunMain(ForeignTaskExtensions.Await(main), options, cancellationToken);
}
