using System.Runtime.CompilerServices;
using EventLoop.AspNetCore.Transport;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace EventLoop.AspNetCore.Requests;

/// <summary>The outermost middleware: the whole application runs in a task of the loop, and its awaiter, Kestrel, resumes raw.</summary>
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
                return Run(http, connection.Core, connection, default, isTold: false);
            }

            return RunFromElsewhere(http, feature, connection);
        }

        // HTTP/2 and HTTP/3 begin each request on the pool; so does the first request after a TLS handshake, and every request of a test server.
        private Task RunFromElsewhere(HttpContext http, IEventLoopFeature? feature, ServedConnection? connection)
        {
            var loop = feature?.Loop;
            if (loop is null)
            {
                loop = loops.Any();
                http.Features.Set<IEventLoopFeature>(new LoopFeature(loop));
            }

            var hop = new Hop(this, http, loop.Core, connection);
            var told = hop.Told;
            loop.Core.Arrive(hop);
            return told;
        }

        // Loop thread, raw.
        private Task Run(HttpContext http, LoopCore core, ServedConnection? connection, AsyncTaskMethodBuilder source, bool isTold)
        {
            bool isAlone = connection is not null && !HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol);
            if (options.BodiesStay)
            {
                (isAlone ? connection!.Body : new StayingBody(core)).Attach(http.Features);
            }

            var task = RequestTask.Start(core, http, application, isAlone ? connection : null);
            if (task.IsCompleted)
            {
                if (!isTold)
                {
                    return RequestEnd.OutcomeOf(task);
                }

                RequestEnd.Settle(task, source, wasAbandoned: false);
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

        /// <summary>Brings a request to its loop, with the ExecutionContext of whoever began it.</summary>
        private sealed class Hop(Pipeline pipeline, HttpContext http, LoopCore core, ServedConnection? connection) : LoopItem
        {
            private readonly ExecutionContext? flow = ExecutionContext.Capture();
            private AsyncTaskMethodBuilder told;

            /// <summary>Must be read before it travels: from then on all copies of the builder mean this task.</summary>
            internal Task Told => told.Task;

            internal override void Execute()
            {
                core.ThreadContexts.RestoreFlow(flow);
                _ = pipeline.Run(http, core, connection, told, isTold: true);
            }

            internal override void OnRejected(LoopCore rejecting) => told.SetException(
                new ObjectDisposedException(core.Loop.Name, $"The loop '{core.Loop.Name}' that serves this application has ended."));
        }
    }

    private sealed record LoopFeature(Loop Loop) : IEventLoopFeature;
}
