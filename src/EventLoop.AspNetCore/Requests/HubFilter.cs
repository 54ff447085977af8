using EventLoop.AspNetCore.Results;
using EventLoop.Scheduling;
using EventLoop.Tasks;
using Microsoft.AspNetCore.SignalR;

namespace EventLoop.AspNetCore.Requests;

/// <summary>SignalR deliberately moves its hubs to the thread pool; this brings their methods back to the loop of their connection, each call in a task named
/// for it. The first of all filters.</summary>
internal sealed class HubFilter(ServerLoops loops) : IHubFilter
{
    public ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next) => new(RunAsync(
        invocationContext.Context,
        $"{invocationContext.Hub.GetType().Name}.{invocationContext.HubMethodName}",
        async () => StayingResults.Wrap(await next(invocationContext))));

    public Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next) => RunAsync(
        context.Context,
        $"{context.Hub.GetType().Name}.OnConnectedAsync",
        async () =>
        {
            await next(context);
            return null;
        });

    public Task OnDisconnectedAsync(HubLifetimeContext context, Exception? exception, Func<HubLifetimeContext, Exception?, Task> next) => RunAsync(
        context.Context,
        $"{context.Hub.GetType().Name}.OnDisconnectedAsync",
        async () =>
        {
            await next(context, exception);
            return null;
        });

    private Task<object?> RunAsync(HubCallerContext caller, string name, Func<Task<object?>> call)
    {
        var loop = caller.Features.Get<IEventLoopFeature>()?.Loop ?? caller.GetHttpContext()?.Features.Get<IEventLoopFeature>()?.Loop ?? loops.Any();
        var flow = ExecutionContext.Capture();
        var ended = new CallEnd();
        loop.OutsideWaits.Add(ended);
        loop.Core.Arrive(new RawStep(
            () =>
            {
                loop.Core.ThreadContexts.RestoreFlow(flow);
                LoopTask.Create(loop.Core, Follow(call, loop, ended), name, eager: true);
            },
            () => loop.OutsideWaits.TryFail(ended, ServerLoops.HasEnded(loop))));
        return ended.Task;
    }

    private static async Coroutine Follow(Func<Task<object?>> call, Loop loop, CallEnd ended)
    {
        try
        {
            object? result = await new ValueTask<object?>(call());
            if (loop.OutsideWaits.TryTake(ended))
            {
                ended.SetResult(result);
            }
        }
        catch (Exception failure)
        {
            if (failure is LoopExitException)
            {
                loop.Core.ExitException ??= failure;      // SignalR makes an answer of it, and tells nobody else
            }

            loop.OutsideWaits.TryFail(ended, failure);      // for the caller, whatever it is
        }
    }

    /// <summary>What SignalR awaits; it fails when the loop is closed, which may leave a method behind that heeds no cancellation.</summary>
    private sealed class CallEnd() : TaskCompletionSource<object?>(TaskCreationOptions.RunContinuationsAsynchronously), IOutsideWait
    {
        public void Fail(Exception failure) => SetException(failure);
    }
}
