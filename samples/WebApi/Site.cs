using System.Diagnostics;
using EventLoop;
using EventLoop.AspNetCore;
using EventLoop.Samples;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace WebApi;

/// <summary>The application. Called on the loop that is to serve it.</summary>
internal static class Site
{
    internal static WebApplication Build(int port, Databases databases)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.WebHost.ConfigureKestrel(server => server.Listen(System.Net.IPAddress.Loopback, port));
        builder.UseEventLoop(static options => options.CancelAbandoned = true);
        builder.Services.AddEventLoop(Loop.Current);       // for injection, and for the health check
        builder.Services.AddSingleton(databases).AddSingleton<Shop>().AddSingleton<ChatRoom>();
        builder.Services.AddOpenApi();
        builder.Services.AddValidation();
        builder.Services.AddProblemDetails();
        builder.Services.AddHealthChecks().AddEventLoop();

        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseWebSockets();
        app.MapOpenApi();
        app.UseSwaggerUI(static page =>
        {
            page.RoutePrefix = "docs";
            page.SwaggerEndpoint("/openapi/v1.json", "WebApi");
        });
        app.MapHealthChecks("/health");
        MapTutorial(app);
        MapShop(app);
        MapPages(app);
        return app;
    }

    // What the tutorials have.
    private static void MapTutorial(WebApplication app)
    {
        app.MapGet("/", static (Shop shop) => new Greeting("Hello, World!", ++shop.Visits));

        app.MapGet("/timeit/{seconds}", static async Task<Results<Ok<Timing>, ValidationProblem>> (double seconds) =>
        {
            if (seconds is not (>= 0 and <= 60))
            {
                return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["seconds"] = ["From 0 to 60."] });
            }

            long start = Stopwatch.GetTimestamp();
            await Loop.Sleep(TimeSpan.FromSeconds(seconds));
            return TypedResults.Ok(new Timing(seconds, Stopwatch.GetElapsedTime(start).TotalSeconds));
        });

        app.MapGet("/red", static async Task<Results<Ok<RedisAnswer>, ProblemHttpResult>> (Databases databases) =>
        {
            try
            {
                var redis = (await databases.RedisAsync()).GetDatabase();
                long visits = await redis.StringIncrementAsync("eventloop-sample:visits");
                await redis.StringSetAsync("eventloop-sample:key", "value");
                return TypedResults.Ok(new RedisAnswer((string?)await redis.StringGetAsync("eventloop-sample:key"), visits));
            }
            catch (Exception failure) when (failure is ServerMissingException or StackExchange.Redis.RedisException or TimeoutException)
            {
                return NotNow(failure);
            }
        });

        app.MapGet("/sql", static async Task<Results<Ok<SqlAnswer>, ProblemHttpResult>> (Databases databases) =>
        {
            try
            {
                await using var connection = await (await databases.MySqlAsync()).OpenConnectionAsync(Loop.CancellationToken);
                await using var command = connection.CreateCommand();
                command.CommandText = "SELECT 42, VERSION(), CONNECTION_ID()";
                await using var rows = await command.ExecuteReaderAsync(Loop.CancellationToken);
                await rows.ReadAsync(Loop.CancellationToken);
                return TypedResults.Ok(new SqlAnswer(rows.GetInt32(0), rows.GetString(1), rows.GetInt64(2)));
            }
            catch (Exception failure) when (failure is ServerMissingException or MySqlConnector.MySqlException)
            {
                return NotNow(failure);
            }
        });
    }

    // State without a lock: what stands between two awaits runs alone.
    private static void MapShop(WebApplication app)
    {
        app.MapPost("/count", static (Shop shop) => ++shop.Count);
        app.MapGet("/count", static (Shop shop) => shop.Count);

        app.MapPost("/items", static (Shop shop, NewItem item) =>
        {
            var added = shop.Add(item);
            return TypedResults.Created($"/items/{added.Id}", added);
        });
        app.MapGet("/items/{id}", static Results<Ok<Item>, NotFound> (Shop shop, int id) =>
            shop.Find(id) is { } item ? TypedResults.Ok(item) : TypedResults.NotFound());
        app.MapGet("/items", static (Shop shop) => shop.All());
    }

    private static void MapPages(WebApplication app)
    {
        app.MapGet("/chat", static () => TypedResults.Content(Page("chat.html"), "text/html; charset=utf-8")).ExcludeFromDescription();
        app.MapGet("/live", static () => TypedResults.Content(Page("live.html"), "text/html; charset=utf-8")).ExcludeFromDescription();
        app.MapGet("/live/events", static (IHostApplicationLifetime host) =>
            TypedResults.ServerSentEvents(Figures(host), "figures")).ExcludeFromDescription();
        app.MapGet("/chat/socket", static async (HttpContext http, ChatRoom room, [FromQuery] string? name) =>
        {
            if (!http.WebSockets.IsWebSocketRequest)
            {
                http.Response.StatusCode = StatusCodes.Status400BadRequest;
                return;
            }

            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            await room.TalkAsync(http, socket, string.IsNullOrWhiteSpace(name) ? "somebody" : name.Trim());
        }).ExcludeFromDescription();
    }

    // The loop looks at itself, twice a second, until the application is told to stop: a response without end would hold that up for all the time it has.
    private static async IAsyncEnumerable<LoopFigures> Figures(IHostApplicationLifetime host)
    {
        var loop = Loop.Current;
        var before = loop.Statistics;
        while (!host.ApplicationStopping.IsCancellationRequested)
        {
            await Loop.Sleep(TimeSpan.FromSeconds(0.5));
            var now = loop.Statistics;
            double busy = (now.BusyTime - before.BusyTime).TotalSeconds, idle = (now.IdleTime - before.IdleTime).TotalSeconds;
            yield return new LoopFigures(
                now.TaskCount, now.WaitingCount, now.TimerCount, now.Steps - before.Steps, now.Turns - before.Turns, busy / Math.Max(busy + idle, 1e-9),
                    loop.Tasks.Select(static task => task.Name).Take(20).ToArray());
            before = now;
        }
    }

    private static ProblemHttpResult NotNow(Exception why) =>
        TypedResults.Problem(why.Message, statusCode: StatusCodes.Status503ServiceUnavailable, title: "The database cannot be reached.");

    private static string Page(string name)
    {
        using var stream = typeof(Site).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
