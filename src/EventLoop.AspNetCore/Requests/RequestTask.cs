using EventLoop.Coroutines;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EventLoop.AspNetCore.Requests;

/// <summary>The task in which a request is handled, named for its method and route on demand.</summary>
internal class RequestTask : LoopTask
{
    private volatile object? subject;      // the HttpContext while it runs, then its route; read on any thread
    private object? endOrMethod;           // while it runs, who is notified of its end; then the request's method

    private RequestTask(LoopCore core, HttpContext request)
        : base(core, null, owner: null) => subject = request;

    /// <summary>What the handler of the endpoint returned, if it had to wait. Loop thread.</summary>
    internal Task? Handling { get; set; }

    /// <summary>Whether its body is a form. The type says it, because a field more would cost every request eight bytes.</summary>
    internal bool HasForm => this is OfForm;

    private RequestEnd? End => endOrMethod as RequestEnd;

    private protected override string? DefaultName
    {
        get
        {
            object? now = subject;
            if (now is not HttpContext http)
            {
                return now is null ? null : $"{endOrMethod} {now}";
            }

            try
            {
                return $"{http.Request.Method} {RouteOf(http)}";
            }
            catch (Exception over) when (over is ObjectDisposedException or NullReferenceException or InvalidOperationException)
            {
                return null;      // it is ending at this moment, on another thread
            }
        }
    }

    /// <summary>Runs the application's first step now, inside the step that called.</summary>
    /// <param name="core">The loop on whose thread this is.</param>
    /// <param name="http">The request.</param>
    /// <param name="application">What handles it.</param>
    /// <param name="connection">Null where the connection has several requests at a time.</param>
    /// <param name="hasForm">Whether the body is a form.</param>
    internal static RequestTask Start(
        LoopCore core, HttpContext http, RequestDelegate application, Transport.ServedConnection? connection, bool hasForm)
    {
        var task = hasForm ? new OfForm(core, http) : new RequestTask(core, http);
        if (connection is not null)
        {
            connection.Request = task;
        }
        else
        {
            http.Features.Set(task);
        }

        var body = Run(application, http);
        task.Begin(core, (CoroutineBox)body.Source!, body.Token, eager: true);
        return task;
    }

    /// <summary>The task in which a request is handled; null: none of a loop's. Any thread.</summary>
    internal static RequestTask? Of(HttpContext http) =>
        http.Features.Get<RequestTask>() ?? (http.Features.Get<IEventLoopFeature>() as Transport.ServedConnection)?.Request;

    /// <summary>Has an end notified, raw, when the task has ended.</summary>
    internal void TellEnd(RequestEnd told) => endOrMethod = told;

    /// <summary>Cancels the task when the client has gone and RequestAborted has fired, by which middleware tells such a cancellation from a
    /// failure.</summary>
    internal void AbandonWhenAborted()
    {
        if (subject is HttpContext http)
        {
            End?.AbandonBy(http.RequestAborted);
        }
    }

    /// <summary>Cancels it, because nobody waits for its response any more.</summary>
    internal void Abandon()
    {
        if (!IsCompleted && End is { } end)
        {
            end.IsAbandoned = true;
            Cancel("the client has gone");
        }
    }

    internal override void OnBodyEnded(CoroutineBox body)
    {
        var end = End;
        if (subject is HttpContext http)
        {
            endOrMethod = http.Request.Method;
            subject = RouteOf(http);
        }

        if (Handling is { IsFaulted: true, Exception.InnerException: LoopExitException exit })
        {
            Core.ExitException ??= exit;      // whatever middleware has made of it
        }

        Handling = null;
        base.OnBodyEnded(body);
        if (end is not null)
        {
            Core.RunNext(end);
        }
    }

    internal override void OnLeftBehind() => End?.Fail(ServerLoops.HasEnded(Loop));

    private static async Coroutine Run(RequestDelegate application, HttpContext http) => await new HandlerAwaiter(application(http));

    private static string RouteOf(HttpContext http) => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText is { } pattern
        ? pattern.StartsWith('/') ? pattern : "/" + pattern
        : http.Request.Path.Value is { Length: > 0 } path ? path : "/";

    private sealed class OfForm(LoopCore core, HttpContext request) : RequestTask(core, request);
}
