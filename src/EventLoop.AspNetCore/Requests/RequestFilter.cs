using System.Runtime.CompilerServices;
using EventLoop.AspNetCore.Transport;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
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
            var features = http.Features;
            if (ServedConnection.Find(features) is { Core.Current: null } known)
            {
                return Run(http, known.Core, known, true, null);
            }

            var feature = features.Get<IEventLoopFeature>();
            var connection = feature as ServedConnection;
            if (connection is not null && ReferenceEquals(LoopCore.Running, connection.Core) && connection.Core.Current is null)
            {
                bool isAlone = IsAlone(http);
                if (isAlone)
                {
                    connection.NoteRequests(features);
                }

                return Run(http, connection.Core, connection, isAlone, null);
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

            var hop = HopOf(http, loop.Core);
            var told = hop.Begin(http, connection);
            loop.Core.ArriveWithOthers(hop);
            return told;
        }

        // A stream of HTTP/2 is reused for further requests, and so is what it needs here.
        private Hop HopOf(HttpContext http, LoopCore core)
        {
            if (http.Features.Get<IPersistentStateFeature>()?.State is not { } kept)
            {
                return new Hop(this, core);
            }

            if (kept.TryGetValue(typeof(Hop), out object? last) && last is Hop hop && hop.IsFor(this, core))
            {
                return hop;
            }

            hop = new Hop(this, core);
            kept[typeof(Hop)] = hop;
            return hop;
        }

        // Whether its connection has one request at a time.
        private static bool IsAlone(HttpContext http) => !HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol);

        // Loop thread, raw.
        private Task Run(HttpContext http, LoopCore core, ServedConnection? connection, bool isAlone, Hop? hop)
        {
            bool hasForm = options.BodiesStay
                ? (isAlone ? connection!.Body : hop?.Body ?? new StayingBody(core)).Attach(http)
                : StayingBody.Guard(http, core);
            var task = RequestTask.Start(core, http, application, isAlone ? connection : null, hasForm);
            if (task.IsCompleted)
            {
                if (hop is null)
                {
                    return RequestEnd.OutcomeOf(task);
                }

                RequestEnd.Settle(task, hop.Told, wasAbandoned: false);      // by then another request may be using the hop
                return Task.CompletedTask;
            }

            var end = isAlone ? connection!.End : hop?.End ?? new RequestEnd();
            var told = end.Follow(task, hop?.Told ?? default, isAlone ? connection : null);
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
        private sealed class Hop(Pipeline pipeline, LoopCore core) : LoopItem
        {
            private HttpContext? http;
            private ServedConnection? connection;
            private ExecutionContext? flow;
            private AsyncTaskMethodBuilder told;
            private StayingBody? body;
            private RequestEnd? end;

            /// <summary>What Kestrel awaits.</summary>
            internal AsyncTaskMethodBuilder Told => told;

            internal StayingBody Body => body ??= new StayingBody(core);

            internal RequestEnd End => end ??= new RequestEnd();

            internal bool IsFor(Pipeline which, LoopCore on) => ReferenceEquals(pipeline, which) && ReferenceEquals(core, on);

            /// <summary>Must be read before it travels: from then on all copies of the builder mean this task.</summary>
            internal Task Begin(HttpContext request, ServedConnection? of)
            {
                http = request;
                connection = of;
                flow = ExecutionContext.Capture();
                told = AsyncTaskMethodBuilder.Create();
                return told.Task;
            }

            internal override void Execute()
            {
                core.ThreadContexts.RestoreFlow(flow);
                flow = null;
                _ = pipeline.Run(http!, core, connection, connection is not null && IsAlone(http!), this);
            }

            internal override void OnRejected(LoopCore rejecting) => told.SetException(ServerLoops.HasEnded(core.Loop));
        }
    }

    private sealed record LoopFeature(Loop Loop) : IEventLoopFeature;
}
