using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Executors;

/// <summary>One piece of work that a task hands to an executor and waits for: how it gets there, is withdrawn, and what happens if it ends late.</summary>
internal static class ExecutorWork
{
    private static readonly ContextCallback RunWork = static run => ((Action)run!)();

    internal static Coroutine Run(IExecutor? executor, Action work, CapacityLimiter? limiter) => Run<NoResult>(executor, given: work, limiter);

    internal static Coroutine<T> Run<T>(IExecutor? executor, Func<T> work, CapacityLimiter? limiter) => Run<T>(executor, given: work, limiter);

    /// <param name="executor">Null: the loop's default executor.</param>
    /// <param name="given">A Func, or an Action, which has no result.</param>
    /// <param name="limiter">Null: none.</param>
    private static async Coroutine<T> Run<T>(IExecutor? executor, Delegate given, CapacityLimiter? limiter)
    {
        await Loop.CheckPoint();
        var core = LoopCore.Required;
        T result;
        if (limiter is null && (executor ?? core.Loop.DefaultExecutor) is IJobExecutor own)
        {
            var job = DelegateJob<T>.Rent(core, given);
            await job.Submit(core, own);
            result = job.EndWithResult();
        }
        else
        {
            result = await RunByTask(executor, given as Func<T> ?? ToFunction<T>((Action)given), given, limiter);
        }

        if (core.Loop.Debug && result is Task { IsCompleted: false })
        {
            core.Loop.OnWorkReturnedTask(given.Method);
        }

        return result;
    }

    private static Func<T> ToFunction<T>(Action work) => () =>
    {
        work();
        return default!;
    };

    // By any executor, which returns a task of .NET, and under a limiter.
    private static async Coroutine<T> RunByTask<T>(IExecutor? executor, Func<T> work, Delegate given, CapacityLimiter? limiter)
    {
        var loop = Loop.Current;
        var borrower = limiter is null ? null : new Borrower(loop.Core, limiter, Loop.CurrentTask);
        if (borrower is not null)
        {
            await borrower.Borrow();
        }

        var withdrawal = new CancellationTokenSource();
        var flow = ExecutionContext.Capture();
        Task<T> running;
        try
        {
            executor ??= loop.DefaultExecutor;
            running = Submit(executor, work, given, flow, withdrawal.Token)
                ?? throw new InvalidOperationException("The executor returned no task from SubmitAsync. It has to return one that ends as the work ends.");
        }
        catch
        {
            borrower?.Return();
            throw;
        }

        var back = ForeignTaskExtensions.Completion(running, inFlight: true, isWork: true);
        try
        {
            await back;
        }
        catch (LoopCanceledException)
        {
            Withdraw(loop, executor, withdrawal);
            ReportLateFailure(loop, running);      // also for work that failed a moment ago, before the loop was notified
            borrower?.ReturnAfter(running);
            throw;
        }

        borrower?.Return();
        return await running;
    }

    private static Task<T>? Submit<T>(IExecutor executor, Func<T> work, Delegate given, ExecutionContext? flow, CancellationToken withdrawal) =>
        executor is not IBareExecutor bare
        ? executor.SubmitAsync(() => RunIn(flow, work), withdrawal)
        : given is Action action ? WithResult<T>(bare.SubmitAsync(action, withdrawal))
        : bare.SubmitAsync((Func<T>)given, withdrawal);

    private static async Task<T> WithResult<T>(Task done)
    {
        await done.ConfigureAwait(false);
        return default!;
    }

    // The library's executors return at once. What others do when the token fires may block, and may throw.
    private static void Withdraw(Loop loop, IExecutor from, CancellationTokenSource withdrawal)
    {
        if (from is ThreadPoolExecutor or DedicatedThreadExecutor or IBareExecutor)
        {
            withdrawal.Cancel();
            return;
        }

        withdrawal.CancelAsync().ContinueWith(
            static (failed, loop) =>
                ((Loop)loop!).ReportLoss(new LoopExceptionContext("The withdrawal of work from an executor failed", failed.Exception!.InnerException)),
            loop,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private static T RunIn<T>(ExecutionContext? flow, Func<T> work)
    {
        if (flow is null)
        {
            return work();
        }

        T result = default!;
        ExecutionContext.Run(flow, RunWork, (Action)(() => result = work()));
        return result;
    }

    private static void ReportLateFailure(Loop loop, Task running) => running.ContinueWith(
        static (late, loop) =>
            ((Loop)loop!).ReportLoss(new LoopExceptionContext("Work in an executor failed after its waiter was cancelled", late.Exception!.InnerException)),
        loop,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>
    /// The borrower of a token: one piece of work, not the task that waits for it, which may have others pending. The token goes back when the work has ended;
    /// if the loop is closed before that, it goes back then, because the limiter may serve another loop afterwards.
    /// </summary>
    private sealed class Borrower(LoopCore core, CapacityLimiter limiter, LoopTask? by) : ILoopResident
    {
        private Releaser token;

        internal async Coroutine Borrow()
        {
            core.Loop.Residents.Add(this);
            try
            {
                token = await limiter.AcquireOnBehalfOfAsync(this);
            }
            catch
            {
                core.Loop.Residents.Remove(this);
                throw;
            }
        }

        internal void Return()
        {
            core.Loop.Residents.Remove(this);
            token.Dispose();
        }

        internal void ReturnAfter(Task running)
        {
            core.BeginFlight();      // for the token's way back: the work's own flight ends before it is posted
            running.ContinueWith(
                _ =>
                {
                    core.TryPost(CallbackItem<Borrower>.Create(static borrower => borrower.Return(), this, core.BaseContext));
                    core.EndFlight();
                },
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        void ILoopResident.OnLoopClosing() => limiter.TakeBackFrom(this, core);

        public override string ToString() => by is null ? "work in an executor" : $"work of {by.Label} in an executor";
    }
}
