using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Primitives;

namespace EventLoop.AspNetCore.Results;

/// <summary>Route handlers that return items to come get a filter that has them made on the loop; all others stay as they are.</summary>
/// <param name="inner">As they were mapped.</param>
internal sealed class StayingEndpoints(EndpointDataSource inner) : EndpointDataSource
{
    // By which routing finds its endpoints in an application that is being built. Where they have other names, items.OnLoop() has to be said.
    private static readonly string[] Builders = ["__GlobalEndpointRouteBuilder", "__EndpointRouteBuilder"];

    private static readonly RoutePattern NoPrefix = RoutePatternFactory.Parse("");

    public override IReadOnlyList<Endpoint> Endpoints =>
        inner.Endpoints.Any(static endpoint => endpoint.Metadata.GetMetadata<MethodInfo>() is { } handler && StayingResults.MayBeItems(handler.ReturnType))
        ? inner.GetGroupedEndpoints(new RouteGroupContext { Prefix = NoPrefix, Conventions = [AddFilter] })
        : inner.Endpoints;

    public override IChangeToken GetChangeToken() => inner.GetChangeToken();

    public override IReadOnlyList<Endpoint> GetGroupedEndpoints(RouteGroupContext context) => inner.GetGroupedEndpoints(context);

    /// <summary>In the application that was just configured.</summary>
    internal static void WrapAll(IApplicationBuilder app)
    {
        foreach (string name in Builders)
        {
            if (app.Properties.TryGetValue(name, out object? found) && found is IEndpointRouteBuilder { DataSources: IList<EndpointDataSource> sources })
            {
                for (int i = 0; i < sources.Count; i++)
                {
                    // Those of route handlers, and groups of them. Others may hold what cannot be rebuilt.
                    if (sources[i].GetType() is { Namespace: "Microsoft.AspNetCore.Routing", Name: "RouteEndpointDataSource" or "GroupEndpointDataSource" })
                    {
                        sources[i] = new StayingEndpoints(sources[i]);
                    }
                }
            }
        }
    }

    private static void AddFilter(EndpointBuilder builder)
    {
        if (builder.Metadata.OfType<MethodInfo>().LastOrDefault() is { } handler && StayingResults.MayBeItems(handler.ReturnType))
        {
            builder.FilterFactories.Insert(0, static (_, next) => async invocation => StayingResults.Wrap(await next(invocation)));
        }
    }
}
