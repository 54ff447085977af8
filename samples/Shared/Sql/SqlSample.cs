using System.Data.Common;
using System.Diagnostics;
using System.Net.Sockets;

namespace EventLoop.Samples.Sql;

/// <summary>The frame of a sample: a server that was named, or one of its own.</summary>
internal static class SqlSample
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static int Run(string[] args, string usage, OwnServer.Recipe recipe, string user, Func<string, int, string, string?, DbDataSource> open,
        Func<DbDataSource, Coroutine> main) => CommandLine.Run(args, usage, line =>
    {
        string? named = line.Text("--server");
        string userName = line.Text("--user") ?? user;
        string? password = line.Text("--password");
        line.ExpectNoMore();
        var server = named is null ? ((string Host, int Port)?)null : Address.Parse("--server", named);
        if (server is null && !recipe.IsInstalled)
        {
            Console.Error.WriteLine(recipe.HowToInstall);
            return 3;
        }

        return Loop.RunMain(async Coroutine<int> () =>
        {
            var own = server is null ? await OwnServer.StartAsync(recipe) : null;
            try
            {
                await using var source = open(server?.Host ?? own!.Host, server?.Port ?? own!.Port, userName, password);
                await ReadyAsync(source);
                await main(source);
                return 0;
            }
            catch (Exception failure) when (IsOfServer(failure))
            {
                Console.Error.WriteLine($"{recipe.Name} on {named ?? $"{own!.Host}:{own.Port}"}, user {userName}: {InWords(failure)}");
                return 1;
            }
            finally
            {
                if (own is not null)
                {
                    await CancelScope.Run(async _ => await own.DisposeAsync(), TimeSpan.FromSeconds(30), shield: true);
                    Console.WriteLine("stopped the server");
                }
            }
        });
    });

    // A server that has just been started refuses its first clients.
    private static async Coroutine ReadyAsync(DbDataSource source)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
                return;
            }
            catch (DbException failure) when (failure.IsTransient && Stopwatch.GetElapsedTime(began) < Patience)
            {
                await Loop.Sleep(100);
            }
        }
    }

    // Tasks of a group fail together.
    private static bool IsOfServer(Exception failure) => failure is DbException or TimeoutException or SocketException or IOException
        || (failure is AggregateException { InnerExceptions: var all } && all.All(IsOfServer));

    private static string InWords(Exception failure) => failure switch
    {
        AggregateException { InnerExceptions: [var first, ..] } => InWords(first),
        { InnerException: { } cause } when !failure.Message.Contains(cause.Message, StringComparison.Ordinal) => $"{failure.Message} ({InWords(cause)})",
        _ => failure.Message,
    };
}
