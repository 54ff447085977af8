// MySQL or MariaDB from the loop by MySqlConnector and Dapper: one connection, several, a pool, transactions, a stream of rows, time limits and cancellation.
//
//     dotnet run -c Release --project samples/MySql
//     dotnet run -c Release --project samples/MySql -- --server 127.0.0.1:3306 --user root --password secret
//
// Without --server it starts a mariadbd of its own on a free port of 127.0.0.1, and ends it.

using EventLoop;
using EventLoop.Samples;
using EventLoop.Samples.Sql;
using MySqlConnector;

const string usage = """
    Usage: dotnet run -c Release --project samples/MySql [-- options]

      --server HOST:PORT   a server that runs (default: one of the sample's own, in a temporary folder)
      --user NAME          (default root), with the right to make the database eventloop_sample
      --password TEXT      (default none)

    In a server that was named it makes the database eventloop_sample, which stays, and in it the tables accounts and numbers, which
    are replaced where they exist. It touches nothing else.
    """;

return SqlSample.Run(args, usage, OwnServer.MariaDb, "root", Open, static async Coroutine (source) =>
{
    var dialect = new Dialect
    {
        SleepText = static seconds => $"SELECT SLEEP({seconds})",
        Series = Series,
        ConnectionId = "SELECT CONNECTION_ID()",
    };
    await new SqlTour(dialect, source).RunAsync();
    await BulkAsync((MySqlDataSource)source);
});

static MySqlDataSource Open(string host, int port, string user, string? password)
{
    var builder = new MySqlConnectionStringBuilder
    {
        Server = host, Port = (uint)port, UserID = user, Password = password, MaximumPoolSize = SqlTour.PoolSize, AllowLoadLocalInfile = true,
        ConnectionTimeout = 5,          // s: how long a connect may take
        CancellationTimeout = 2,        // how long a cancelled command may take to end before its connection is given up; less than LoopOptions.ForeignGrace
    };
    using (var connection = new MySqlConnection(builder.ConnectionString + ";Pooling=false"))
    {
        connection.Open();      // once, before anything else is on the loop
        using var create = new MySqlCommand("CREATE DATABASE IF NOT EXISTS eventloop_sample", connection);
        create.ExecuteNonQuery();
    }

    builder.Database = "eventloop_sample";
    return new MySqlDataSource(builder.ConnectionString);
}

// Up to 100,000, from their digits: how deep a recursive query may go is a setting, which MySQL and MariaDB name differently.
static string Series(int count) => "WITH d (i) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 "
    + "UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) SELECT i FROM "
    + "(SELECT 1 + d0.i + 10 * d1.i + 100 * d2.i + 1000 * d3.i + 10000 * d4.i AS i FROM d d0, d d1, d d2, d d3, d d4) n "
    + $"WHERE i <= {count}";

// What only this driver does: many rows at once. The server has to allow it; somebody else's settings are not the sample's to change.
static async Coroutine BulkAsync(MySqlDataSource source)
{
    await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
    if (Convert.ToInt64(await new MySqlCommand("SELECT @@local_infile", connection).ExecuteScalarAsync(Loop.CancellationToken)) == 0)
    {
        Console.WriteLine("no bulk copy: the server does not allow it (local_infile is 0)");
        return;
    }

    await new MySqlCommand("DROP TABLE IF EXISTS numbers", connection).ExecuteNonQueryAsync(Loop.CancellationToken);
    await new MySqlCommand("CREATE TABLE numbers (id INT, text VARCHAR(20))", connection).ExecuteNonQueryAsync(Loop.CancellationToken);
    var table = new System.Data.DataTable();
    table.Columns.Add("id", typeof(int));
    table.Columns.Add("text", typeof(string));
    for (int i = 0; i < 10_000; i++)
    {
        table.Rows.Add(i, $"number {i}");
    }

    var copied = await new MySqlBulkCopy(connection) { DestinationTableName = "numbers" }.WriteToServerAsync(table, Loop.CancellationToken);
    Console.WriteLine($"a bulk copy: {copied.RowsInserted} rows");
}
