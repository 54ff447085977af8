using EventLoop.Coroutines;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EventLoop.AspNetCore.Requests;

/// <summary>The task in which a request is handled, named for its method and route when somebody asks.</summary>
internal sealed class RequestTask : LoopTask
{
    private volatile HttpContext? request;      // while it runs; any thread reads
    private string? method;
    private string? route;
    private RequestEnd? end;

    private RequestTask(LoopCore core, HttpContext request)
        : base(core, null) => this.request = request;

    /// <summary>Its client went away, and that has cancelled it.</summary>
    internal bool IsAbandoned { get; private set; }

    private protected override string DefaultName
    {
        get
        {
            if (request is not { } http)
            {
                return route is null ? base.DefaultName : $"{method} {route}";
            }

            try
            {
                return $"{http.Request.Method} {RouteOf(http)}";
            }
            catch (Exception over) when (over is ObjectDisposedException or NullReferenceException or InvalidOperationException)
            {
                return base.DefaultName;      // it ends at this moment, on another thread
            }
        }
    }

    /// <summary>Runs the application's first step now, inside the step that called.</summary>
    internal static RequestTask Start(LoopCore core, HttpContext http, RequestDelegate application)
    {
        var task = new RequestTask(core, http);
        var body = Run(application, http);
        task.Begin(core, (CoroutineBox)body.Source!, body.Token, eager: true, group: null, detached: false);
        return task;
    }

    /// <summary>Has an end told, raw, when it comes to one.</summary>
    internal void TellEnd(RequestEnd told) => end = told;

    /// <summary>The client has gone.</summary>
    internal void Abandon()
    {
        if (!IsCompleted)
        {
            IsAbandoned = true;
            Cancel("the client has gone");
        }
    }

    internal override void OnBodyEnded(CoroutineBox body)
    {
        if (request is { } http)
        {
            method = http.Request.Method;
            route = RouteOf(http);
            request = null;
        }

        base.OnBodyEnded(body);
        if (end is not null)
        {
            Core.Ready.Enqueue(end);
        }
    }

    // As a ValueTask, which no cancellation abandons: what is inside takes it at its own wait, and Kestrel uses the context again as soon as this has ended.
    private static async Coroutine Run(RequestDelegate application, HttpContext http) => await new ValueTask(application(http));

    private static string RouteOf(HttpContext http) => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText is { } pattern
        ? pattern.StartsWith('/') ? pattern : "/" + pattern
        : http.Request.Path.Value is { Length: > 0 } path ? path : "/";
}
