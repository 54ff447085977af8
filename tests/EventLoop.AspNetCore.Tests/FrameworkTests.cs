using System.Diagnostics;
using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace EventLoop.AspNetCore.Tests;

/// <summary>What applications put around their handlers: all of it runs on the loop, in the task of the request.</summary>
public sealed class FrameworkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Middleware_runs_on_the_loop_before_and_after_what_it_calls()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app =>
        {
            app.Use(async (http, next) =>
            {
                where.Note(http, "outer, before");
                await next(http);
                where.Note(http, "outer, after");
            });
            app.Use(async (http, next) =>
            {
                await Task.Delay(1);
                where.Note(http, "inner, before");
                await next(http).ConfigureAwait(false);
            });
            app.Run(async http =>
            {
                await Library();
                where.Note(http, "handler");
                await http.Response.WriteAsync("hi");
            });
        });
        for (int i = 0; i < 5; i++)
        {
            (await site.Client.GetStringAsync("/")).Should().Be("hi");
        }

        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(20);

        static async Task Library()
        {
            await Task.Run(static () => { }).ConfigureAwait(false);
            await Task.Yield();
        }
    }

    [Theory]
    [InlineData(false, HttpProtocols.Http1)]
    [InlineData(true, HttpProtocols.Http1)]
    [InlineData(false, HttpProtocols.Http2)]
    [InlineData(true, HttpProtocols.Http2)]
    public async Task Handlers_come_back_to_the_loop_behind_middleware_that_has_left_it(bool isRoutedByHand, HttpProtocols protocol)
    {
        var where = new Where();
        await using var site = await Site.StartAsync(
            app =>
            {
                app.Use(static async (http, next) =>
                {
                    await Task.Delay(1).ConfigureAwait(false);
                    await next(http).ConfigureAwait(false);
                });
                if (isRoutedByHand)
                {
                    app.UseRouting();
                    app.Use(static async (http, next) =>
                    {
                        await Task.Run(static () => { }).ConfigureAwait(false);
                        await next(http).ConfigureAwait(false);
                    });
#pragma warning disable ASP0014 // that it can be done so
                    app.UseEndpoints(Map);
#pragma warning restore ASP0014
                }
                else
                {
                    Map(app);
                }
            },
            build: static builder => builder.Services.AddControllers().AddApplicationPart(typeof(ItemsController).Assembly),
            kestrel: server => server.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocol));
        site.Client.DefaultRequestVersion = protocol == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        site.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        for (int i = 0; i < 3; i++)
        {
            (await site.Client.GetStringAsync("/")).Should().Be("GET /");
            (await site.Client.GetStringAsync("/group/later")).Should().Be("GET /group/later");
            (await site.Client.GetStringAsync("/items/7")).Should().Be("GET /items/{id}");
            (await site.Client.GetStringAsync("/many")).Should().Be("[1,2,3]");
        }

        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(3 * 7);

        void Map(IEndpointRouteBuilder routes)
        {
            routes.MapControllers();
            routes.MapGet("/", (HttpContext http) =>
            {
                where.Note(http, "start");
                return Loop.CurrentTask!.Name;
            });
            routes.MapGroup("/group").MapGet("/later", async (HttpContext http) =>
            {
                where.Note(http, "start");
                await Task.Yield();
                where.Note(http, "later");
                return Loop.CurrentTask!.Name;
            });
            routes.MapGet("/many", (HttpContext http) => Many(http));
        }

        async IAsyncEnumerable<int> Many(HttpContext http)
        {
            for (int i = 1; i <= 3; i++)
            {
                where.Note(http, $"item {i}");
                await Task.Yield();
                yield return i;
            }

            where.Note(http, "end");
        }
    }

    [Fact]
    public async Task Who_somebody_is_and_what_he_may_is_asked_on_the_loop()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(
            app =>
            {
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapGet("/", async (HttpContext http, ClaimsPrincipal user) =>
                {
                    where.Note(http, "handler");
                    await Task.Yield();
                    where.Note(http, "handler, yielded");
                    return $"{user.Identity!.Name}";
                }).RequireAuthorization("grown up");
            },
            build: builder =>
            {
                builder.Services.AddSingleton(where);
                builder.Services.AddSingleton<IAuthorizationHandler, AgeHandler>();
                builder.Services.AddAuthentication("name").AddScheme<AuthenticationSchemeOptions, NameHandler>("name", null);
                builder.Services.AddAuthorization(static options => options.AddPolicy("grown up", static policy => policy.AddRequirements(new Age(18))));
            });
        (await AskAsync(null)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await AskAsync("Tim 9")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await (await AskAsync("Ann 30")).Content.ReadAsStringAsync()).Should().Be("Ann");
        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(3 + 2 + 2, "three were asked who they are, two what they may, and one came in");

        async Task<HttpResponseMessage> AskAsync(string? who)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            if (who is not null)
            {
                request.Headers.Add("Who", who);
            }

            return await site.Client.SendAsync(request);
        }
    }

    [Fact]
    public async Task Endpoint_filters_and_exception_handlers_run_on_the_loop()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app =>
        {
            app.UseExceptionHandler(failed => failed.Run(async http =>
            {
                where.Note(http, "exception handler");
                await Task.Delay(1);
                where.Note(http, "exception handler, later");
                await http.Response.WriteAsync("sorry");
            }));
            app.MapGet("/", async (HttpContext http) =>
            {
                await Task.Delay(1);
                where.Note(http, "handler");
                throw new InvalidOperationException("no");
            }).AddEndpointFilter(async (call, next) =>
            {
                await Task.Yield();
                where.Note(call.HttpContext, "filter");
                return await next(call);
            });
        });
        using var answer = await site.Client.GetAsync("/");
        answer.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await answer.Content.ReadAsStringAsync()).Should().Be("sorry");
        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(4);
    }

    // ASP.NET Core runs each check on the thread pool, so that one that blocks holds up no other.
    [Fact]
    public async Task Health_checks_run_on_the_thread_pool_as_always_and_ask_the_loop()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(
            app =>
            {
                app.Use(async (http, next) =>
                {
                    await next(http);
                    where.Note(http, "checked");
                });
                app.MapHealthChecks("/health");
            },
            build: static builder =>
            {
                builder.Services.AddHttpContextAccessor();
                builder.Services.AddHealthChecks().AddCheck<Check>("check");
            });
        (await site.Client.GetStringAsync("/health")).Should().Be("Healthy");
        where.Count.Should().Be(1);
        where.Wrong.Should().BeEmpty();
    }

    [Fact]
    public async Task Static_files_are_sent_between_middleware_that_stays_on_the_loop()
    {
        string folder = Directory.CreateTempSubdirectory("eventloop-").FullName;
        try
        {
            byte[] content = new byte[3_000_000];
            new Random(1).NextBytes(content);
            await File.WriteAllBytesAsync(Path.Combine(folder, "a.bin"), content);
            var where = new Where();
            await using var site = await Site.StartAsync(app =>
            {
                app.Use(async (http, next) =>
                {
                    await next(http);
                    where.Note(http, "sent");
                });
                app.UseStaticFiles(new StaticFileOptions { FileProvider = new Microsoft.Extensions.FileProviders.PhysicalFileProvider(folder) });
                app.MapGet("/file", () => TypedResults.PhysicalFile(Path.Combine(folder, "a.bin"), "application/octet-stream"));
            });
            string[] paths = ["/a.bin", "/file"];
            byte[][] answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(number => site.Client.GetByteArrayAsync(paths[number % 2])));
            answers.All(answer => answer.AsSpan().SequenceEqual(content)).Should().BeTrue();
            where.Wrong.Distinct().Should().BeEmpty();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Values_that_flow_are_those_of_their_request()
    {
        var value = new AsyncLocal<string>();
        await using var site = await Site.StartAsync(
            app =>
            {
                app.Use(async (http, next) =>
                {
                    value.Value = http.Request.Path;
                    await next(http);
                });
                app.MapGet("/{n}", async (HttpContext http, IHttpContextAccessor accessor) =>
                {
                    for (int i = 0; i < 20; i++)
                    {
                        await (i % 3 == 0 ? Task.Delay(1) : i % 3 == 1 ? Library() : Nap());
                        if (!ReferenceEquals(accessor.HttpContext, http))
                        {
                            return "another request's";
                        }
                    }

                    return value.Value;
                });
            },
            build: static builder => builder.Services.AddHttpContextAccessor());
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(number => site.Client.GetStringAsync($"/{number}")));
        answers.Should().Equal(Enumerable.Range(0, 30).Select(static number => $"/{number}"));

        static async Task Library() => await Task.Run(static () => { }).ConfigureAwait(false);

        static async Task Nap() => await Loop.Sleep(TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task Traces_and_metrics_of_OpenTelemetry_tell_of_each_request_and_what_it_did()
    {
        using var source = new ActivitySource($"test.{Guid.NewGuid():N}");
        var spans = new List<Activity>();
        var metrics = new List<Metric>();
        var where = new Where();
        await using (var site = await Site.StartAsync(
            app => app.MapGet("/items/{id}", async (HttpContext http, int id) =>
            {
                var server = Activity.Current;
                using (var inner = source.StartActivity($"work {id}"))
                {
                    await Library();
                }

                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
                where.Note(http, "worked");
                return ReferenceEquals(Activity.Current, server) ? server!.TraceId.ToString() : "another request's";
            }),
            build: builder => builder.Services.AddOpenTelemetry()
                .WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddSource(source.Name).AddInMemoryExporter(spans))
                .WithMetrics(metering => metering.AddAspNetCoreInstrumentation().AddInMemoryExporter(metrics))))
        {
            string[] traces = [.. Enumerable.Range(0, 20).Select(static _ => ActivityTraceId.CreateRandom().ToString())];
            string[] answers = await Task.WhenAll(traces.Select(async (trace, number) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/items/{number}");
                request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
                using var answer = await site.Client.SendAsync(request);
                return await answer.Content.ReadAsStringAsync();
            }));
            site.Log.At(LogLevel.Error).Should().BeEmpty();
            answers.Should().Equal(traces);
            where.Wrong.Distinct().Should().BeEmpty();
            site.App.Services.GetRequiredService<TracerProvider>().ForceFlush();
            site.App.Services.GetRequiredService<MeterProvider>().ForceFlush();
            foreach (string trace in traces)
            {
                var own = spans.Where(span => span.TraceId.ToString() == trace).ToArray();
                own.Select(static span => span.Kind).Should().BeEquivalentTo([ActivityKind.Internal, ActivityKind.Server]);
                var request = own.Single(static span => span.Kind == ActivityKind.Server);
                request.DisplayName.Should().Be("GET /items/{id}");
                own.Single(static span => span.Kind == ActivityKind.Internal).ParentSpanId.Should().Be(request.SpanId);
            }
        }

        metrics.Select(static metric => metric.Name).Should().Contain(["http.server.request.duration", "kestrel.active_connections"]);

        static async Task Library() => await Task.Delay(1).ConfigureAwait(false);
    }

    private sealed class Check(IHttpContextAccessor accessor) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            var loop = accessor.HttpContext!.Features.Get<IEventLoopFeature>()!.Loop;
            bool isElsewhere = !Loop.TryGetCurrent(out _);
            bool isAsked = await loop.Submit(() => Loop.TryGetCurrent(out var here) && ReferenceEquals(here, loop));
            return isElsewhere && isAsked ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy();
        }
    }

    private sealed record Age(int Least) : IAuthorizationRequirement;

    private sealed class AgeHandler(Where where) : AuthorizationHandler<Age>
    {
        protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, Age requirement)
        {
            if (context.User.FindFirst("age") is { } age)
            {
                await Task.Delay(1);
                where.Note((HttpContext)context.Resource!, "what he may");
                if (int.Parse(age.Value) >= requirement.Least)
                {
                    context.Succeed(requirement);
                }
            }
        }
    }

    private sealed class NameHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, Where where)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
    {
        protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            await Task.Delay(1);
            where.Note(Context, "who he is");
            return Request.Headers["Who"].ToString().Split(' ') is not [var name, var age] ? AuthenticateResult.NoResult()
                : AuthenticateResult.Success(new AuthenticationTicket(
                    new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim("age", age)], Scheme.Name)), Scheme.Name));
        }
    }
}
