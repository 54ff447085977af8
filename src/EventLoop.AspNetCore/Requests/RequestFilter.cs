using EventLoop.AspNetCore.Transport;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace EventLoop.AspNetCore.Requests;

/// <summary>The outermost middleware: all of the application runs in a task of the loop, and whoever awaits it, Kestrel, continues raw.</summary>
internal sealed class RequestFilter(ServerLoops loops) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(inner => new Pipeline(inner, loops).InvokeAsync);
        next(app);
        Results.StayingEndpoints.WrapAll(app);
    };

    private sealed class Pipeline(RequestDelegate application, ServerLoops loops)
    {
        private readonly EventLoopServerOptions options = loops.Options;

        internal Task InvokeAsync(HttpContext http)
        {
            var feature = http.Features.Get<IEventLoopFeature>();
            var connection = feature as ServedConnection;
            if (connection is not null && ReferenceEquals(LoopCore.Running, connection.Core) && connection.Core.Current is null)
            {
                return Run(http, connection.Core, connection, null);
            }

            return RunFromElsewhere(http, feature, connection);
        }

        // HTTP/2 and HTTP/3 begin each request on the pool; so does the first one behind a TLS handshake, and all of those of a test server.
        private Task RunFromElsewhere(HttpContext http, IEventLoopFeature? feature, ServedConnection? connection)
        {
            var loop = feature?.Loop;
            if (loop is null)
            {
                loop = loops.Any();
                http.Features.Set<IEventLoopFeature>(new LoopFeature(loop));
            }

            var source = new TaskCompletionSource();
            var flow = ExecutionContext.Capture();
            loop.Core.Arrive(new RawStep(
                () =>
                {
                    loop.Core.ThreadContexts.RestoreFlow(flow);
                    _ = Run(http, loop.Core, connection, source);
                },
                () => source.TrySetException(new ObjectDisposedException(loop.Name, $"The loop '{loop.Name}' that serves this application has ended."))));
            return source.Task;
        }

        // Loop thread, raw.
        private Task Run(HttpContext http, LoopCore core, ServedConnection? connection, TaskCompletionSource? source)
        {
            bool isAlone = connection is not null && !HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol);
            if (options.BodiesStay)
            {
                (isAlone ? connection!.Body : new StayingBody(core)).Attach(http.Features);
            }

            var task = RequestTask.Start(core, http, application, isAlone ? connection : null);
            if (task.IsCompleted)
            {
                if (source is null)
                {
                    return RequestEnd.OutcomeOf(task);
                }

                RequestEnd.Settle(task, source);
                return source.Task;
            }

            var end = isAlone ? connection!.End : new RequestEnd();
            var told = end.Follow(task, source, isAlone ? connection : null);
            if (isAlone)
            {
                connection!.Abandonable = options.CancelAbandoned ? task : null;
                if (options.CancelAbandoned && connection.Raw.IsGone)
                {
                    task.AbandonWhenAborted();
                }

                connection.Raw.StartWatch();
            }
            else if (options.CancelAbandoned)
            {
                task.AbandonWhenAborted();
            }

            return told;
        }
    }

    private sealed record LoopFeature(Loop Loop) : IEventLoopFeature;
}
