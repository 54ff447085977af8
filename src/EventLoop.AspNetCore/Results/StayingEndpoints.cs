using System.Reflection;
using System.Runtime.CompilerServices;
using EventLoop.AspNetCore.Requests;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Primitives;

namespace EventLoop.AspNetCore.Results;

/// <summary>
/// Endpoints whose handlers run in the task of their request, even where middleware before them has left the loop by <c>ConfigureAwait(false)</c>; async
/// sequences that route handlers return are produced there, too.
/// </summary>
/// <param name="inner">The endpoints as they were mapped.</param>
/// <param name="hasFilters">Whether they are route handlers, or groups of them; others may contain what accepts no filter.</param>
internal sealed class StayingEndpoints(EndpointDataSource inner, bool hasFilters) : EndpointDataSource
{
    // The names by which routing finds its endpoints in an application that is being built. Where they are named differently, handlers run where middleware
    // has left them, and items.OnLoop() has to be called.
    private static readonly string[] Builders = ["__GlobalEndpointRouteBuilder", "__EndpointRouteBuilder"];

    private static readonly RoutePattern NoPrefix = RoutePatternFactory.Parse("");

    public override IReadOnlyList<Endpoint> Endpoints => [.. Filtered().Select(Bring)];

    public override IChangeToken GetChangeToken() => inner.GetChangeToken();

    public override IReadOnlyList<Endpoint> GetGroupedEndpoints(RouteGroupContext context) => inner.GetGroupedEndpoints(context);

    /// <summary>Wraps the endpoints of the application that was just configured.</summary>
    internal static void WrapAll(IApplicationBuilder app)
    {
        foreach (string name in Builders)
        {
            if (app.Properties.TryGetValue(name, out object? found) && found is IEndpointRouteBuilder { DataSources: IList<EndpointDataSource> sources })
            {
                for (int i = 0; i < sources.Count; i++)
                {
                    if (sources[i] is not StayingEndpoints)
                    {
                        sources[i] = new StayingEndpoints(
                            sources[i],
                            hasFilters: sources[i].GetType() is
                            {
                                Namespace: "Microsoft.AspNetCore.Routing", Name: "RouteEndpointDataSource" or "GroupEndpointDataSource",
                            });
                    }
                }
            }
        }
    }

    private IReadOnlyList<Endpoint> Filtered() =>
        hasFilters
            && inner.Endpoints.Any(static endpoint =>
                endpoint.Metadata.GetMetadata<MethodInfo>() is { } handler && StayingResults.MayBeItems(handler.ReturnType))
        ? inner.GetGroupedEndpoints(new RouteGroupContext { Prefix = NoPrefix, Conventions = [AddFilter] })
        : inner.Endpoints;

    private static void AddFilter(EndpointBuilder builder)
    {
        if (builder.Metadata.OfType<MethodInfo>().LastOrDefault() is { } handler && StayingResults.MayBeItems(handler.ReturnType))
        {
            builder.FilterFactories.Insert(0, static (_, next) => async invocation => StayingResults.Wrap(await next(invocation)));
        }
    }

    private static Endpoint Bring(Endpoint endpoint) =>
        endpoint is RouteEndpoint { RequestDelegate: { } handler } route && route.GetType() == typeof(RouteEndpoint)
        ? new RouteEndpoint(
            http => LoopCore.Running is { Current: not null } || RequestTask.Of(http) is not { } task
                ? Handle(handler, http)
                : ComeBackAsync(task, handler, http),
            route.RoutePattern,
            route.Order,
            route.Metadata,
            route.DisplayName)
        : endpoint;

    private static async Task ComeBackAsync(RequestTask task, RequestDelegate handler, HttpContext http)
    {
        await new WayBack(task);
        await Handle(handler, http);
    }

    // Middleware that makes an answer of every failure, such as UseExceptionHandler, must not hide that the handler wants the loop to exit.
    private static Task Handle(RequestDelegate handler, HttpContext http)
    {
        if (LoopCore.Running?.Current?.Task is RequestTask { HasForm: true } request)
        {
            StayingForm.Return(http, request.Core);
        }

        Task handling;
        try
        {
            handling = handler(http);
        }
        catch (LoopExitException exit)
        {
            if (LoopCore.Running is { } core)
            {
                core.ExitException ??= exit;
            }

            throw;
        }

        if (!handling.IsCompletedSuccessfully && LoopCore.Running is { Current.Owner: RequestTask task })
        {
            task.Handling = handling;
        }

        return handling;
    }

    /// <summary>Switches from wherever this is into the context of a task.</summary>
    private readonly struct WayBack(RequestTask task) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public WayBack GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => task.Context.Post(static next => ((Action)next!)(), continuation);
    }
}
