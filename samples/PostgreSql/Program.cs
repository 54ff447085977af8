// PostgreSQL from the loop by Npgsql and Dapper: one connection, several, a pool, transactions, a
// stream of rows, time limits and cancellation; COPY and notifications.
//
//     dotnet run -c Release --project samples/PostgreSql
//     dotnet run -c Release --project samples/PostgreSql -- --server 127.0.0.1:5432 --user postgres --password secret
//
// Without --server it starts a postgres of its own on a free port of 127.0.0.1, and ends it.

using Dapper;
using EventLoop;
using EventLoop.Samples;
using EventLoop.Samples.Sql;
using Npgsql;

const string usage = """
    Usage: dotnet run -c Release --project samples/PostgreSql [-- options]

      --server HOST:PORT   a server that runs (default: one of the sample's own, in a temporary folder)
      --user NAME          (default postgres), with a database of this name and the right to make a schema in it
      --password TEXT      (default none)

    In a server that was named it makes the schema eventloop_sample, which stays, and in it the tables accounts and numbers, which
    are replaced where they exist. It notifies the channel eventloop_sample. It touches nothing else.
    """;

return SqlSample.Run(args, usage, OwnServer.PostgreSql, "postgres", Open, static async Coroutine (source) =>
{
    var dialect = new Dialect
    {
        SleepText = static seconds => $"SELECT pg_sleep({seconds})",
        Series = static count => $"SELECT i::bigint FROM generate_series(1, {count}) AS i",
        ConnectionId = "SELECT pg_backend_pid()",
    };
    await using (var connection = await source.OpenConnectionAsync(Loop.CancellationToken))
    {
        await connection.ExecuteAsync(new CommandDefinition("CREATE SCHEMA IF NOT EXISTS eventloop_sample", cancellationToken: Loop.CancellationToken));
    }

    await new SqlTour(dialect, source).RunAsync();
    await CopyAsync((NpgsqlDataSource)source);
    await NotificationsAsync((NpgsqlDataSource)source);
});

static NpgsqlDataSource Open(string host, int port, string user, string? password) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
{
    Host = host, Port = port, Username = user, Password = password, Database = user, MaxPoolSize = SqlTour.PoolSize,
        GssEncryptionMode = GssEncryptionMode.Disable,
    Timeout = 5,                       // s: how long a connect may take
    CancellationTimeout = 2000,        // ms: how long a cancelled command may take to end before its connection is given up; less than LoopOptions.ForeignGrace
});

static async Coroutine CopyAsync(NpgsqlDataSource source)
{
    await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
    await new NpgsqlCommand("DROP TABLE IF EXISTS eventloop_sample.numbers; CREATE TABLE eventloop_sample.numbers (id INT, text VARCHAR(20))",
        connection).ExecuteNonQueryAsync(Loop.CancellationToken);
    await using var writer = await connection.BeginBinaryImportAsync("COPY eventloop_sample.numbers FROM STDIN (FORMAT BINARY)", Loop.CancellationToken);
    for (int i = 0; i < 10_000; i++)
    {
        await writer.StartRowAsync(Loop.CancellationToken);
        await writer.WriteAsync(i, Loop.CancellationToken);
        await writer.WriteAsync($"number {i}", Loop.CancellationToken);
    }

    Console.WriteLine($"a bulk copy: {await writer.CompleteAsync(Loop.CancellationToken)} rows");
}

// A connection that only listens: its handler is called while somebody waits on it, on a thread of the pool, from where Bind brings the call to the loop.
static async Coroutine NotificationsAsync(NpgsqlDataSource source)
{
    await using var listener = await source.OpenConnectionAsync(Loop.CancellationToken);
    var heard = new AsyncQueue<string>();
    var hear = Loop.Current.Bind<string>(text => heard.TryPut(text));
    listener.Notification += (_, notice) => hear(notice.Payload);
    await new NpgsqlCommand("LISTEN eventloop_sample", listener).ExecuteNonQueryAsync(Loop.CancellationToken);
    await TaskGroup.Run(async group =>
    {
        group.StartSoon(async () =>
        {
            while (true)
            {
                await listener.WaitAsync(Loop.CancellationToken);
            }
        });
        await using var speaker = await source.OpenConnectionAsync(Loop.CancellationToken);
        await new NpgsqlCommand("NOTIFY eventloop_sample, 'the loop turns'", speaker).ExecuteNonQueryAsync(Loop.CancellationToken);
        Console.WriteLine($"a notification: '{await heard.GetAsync()}'");
        group.Cancel();       // the listener's connection is in use until its wait has ended, which the group waits for
    });
}
