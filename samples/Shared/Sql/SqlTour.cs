using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Dapper;

namespace EventLoop.Samples.Sql;

/// <summary>What a tutorial shows of a database, step by step, by an ADO.NET driver and Dapper, all of it on the loop's thread.</summary>
/// <remarks>Its table is in <c>eventloop_sample</c>, which is there already (a schema of PostgreSQL, a database of MySQL), and is always named with it: the
/// server may be somebody's, who has an <c>accounts</c> of his own.</remarks>
/// <param name="dialect">What differs from driver to driver.</param>
/// <param name="source">Makes connections of a pool of four.</param>
internal sealed class SqlTour(Dialect dialect, DbDataSource source)
{
    public const int PoolSize = 4;

    public async Coroutine RunAsync()
    {
        var heartbeat = new Heartbeat();
        var beating = Loop.CreateTask(heartbeat.BeatAsync(), "heartbeat");
        try
        {
            await OneConnectionAsync();
            await SeveralConnectionsAsync();
            await PoolAsync();
            await TransactionsAsync();
            await StreamAsync();
            heartbeat.Begin();
            await TimeLimitAsync();
            await CancellationAsync();
        }
        finally
        {
            beating.Cancel();
        }

        Say($"during these two the loop's heartbeat was never late by more than {heartbeat.Worst.TotalMilliseconds:F0} ms");
    }

    private async Coroutine OneConnectionAsync()
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        await connection.ExecuteAsync(Command("DROP TABLE IF EXISTS eventloop_sample.accounts"));
        await connection.ExecuteAsync(Command("CREATE TABLE eventloop_sample.accounts (id INT PRIMARY KEY, owner VARCHAR(50) NOT NULL, balance INT NOT NULL)"));
        int rows = await connection.ExecuteAsync(Command("INSERT INTO eventloop_sample.accounts VALUES (@Id, @Owner, @Balance)", Account.First));
        var richest = await connection.QuerySingleAsync<Account>(Command("SELECT id AS Id, owner AS Owner, balance AS Balance FROM eventloop_sample.accounts ORDER BY balance DESC LIMIT 1"));
        Say($"one connection: {rows} rows put in; {richest.Owner} has {richest.Balance}");
    }

    // A connection does one thing at a time: several at once need several connections.
    private async Coroutine SeveralConnectionsAsync()
    {
        long began = Stopwatch.GetTimestamp();
        long[] ids = await Loop.Gather(SleepAsync(), SleepAsync(), SleepAsync());
        Say($"several connections: {ids.Distinct().Count()} of them slept 0.2 s each, all in {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");

        async Coroutine<long> SleepAsync()
        {
            await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
            await connection.ExecuteAsync(Command(dialect.Sleep(0.2)));
            return await connection.ExecuteScalarAsync<long>(Command(dialect.ConnectionId));
        }
    }

    private async Coroutine PoolAsync()
    {
        var seen = new HashSet<long>();
        await TaskGroup.Run(async group =>
        {
            for (int worker = 0; worker < 40; worker++)
            {
                group.StartSoon(async () =>
                {
                    await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);      // waits while all are lent
                    await connection.ExecuteAsync(Command(dialect.Sleep(0.01)));
                    seen.Add(await connection.ExecuteScalarAsync<long>(Command(dialect.ConnectionId)));
                });
            }
        });
        Say($"a pool: 40 tasks shared {seen.Count} connections");
    }

    // Transfers at the same time, some of which fail in the middle: nothing is lost, nothing is made.
    private async Coroutine TransactionsAsync()
    {
        int done = 0, failed = 0;
        await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < 20; i++)
            {
                var (from, to) = (1 + (i % 3), 1 + ((i + 1) % 3));
                group.StartSoon(async () =>
                {
                    try
                    {
                        await TransferAsync(from, to, 50);
                        done++;
                    }
                    catch (InvalidOperationException)
                    {
                        failed++;
                    }
                });
            }
        });
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        long sum = await connection.ExecuteScalarAsync<long>(Command("SELECT SUM(balance) FROM eventloop_sample.accounts"));
        Say($"transactions: {done} transfers committed, {failed} rolled back; there is as much money as before: {(sum == Account.First.Sum(static account => account.Balance) ? "yes" : "NO")}");
    }

    private async Coroutine TransferAsync(int from, int to, int amount)
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(Loop.CancellationToken);
        var lowestFirst = new { first = Math.Min(from, to), second = Math.Max(from, to) };      // in one order, or two transfers wait for each other
        await connection.ExecuteAsync(Command("SELECT balance FROM eventloop_sample.accounts WHERE id IN (@first, @second) ORDER BY id FOR UPDATE", lowestFirst, transaction));
        await connection.ExecuteAsync(Command("UPDATE eventloop_sample.accounts SET balance = balance - @amount WHERE id = @from", new { from, amount }, transaction));
        if (await connection.ExecuteScalarAsync<int>(Command("SELECT balance FROM eventloop_sample.accounts WHERE id = @from", new { from }, transaction)) < 0)
        {
            throw new InvalidOperationException("That is more than there is.");      // the transaction is rolled back where it is disposed
        }

        await connection.ExecuteAsync(Command("UPDATE eventloop_sample.accounts SET balance = balance + @amount WHERE id = @to", new { to, amount }, transaction));
        await transaction.CommitAsync(Loop.CancellationToken);
    }

    private async Coroutine StreamAsync()
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        long before = GC.GetTotalAllocatedBytes();
        long rows = 0, sum = 0;
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = dialect.Series(100_000);
            await using var reader = await command.ExecuteReaderAsync(Loop.CancellationToken);
            while (await reader.ReadAsync(Loop.CancellationToken))
            {
                rows++;
                sum += Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture);
            }
        }

        Say($"a stream of rows: {rows} rows, sum {sum}, {(GC.GetTotalAllocatedBytes() - before) / rows} B allocated for each");

        // Who has seen enough may leave: the driver reads and drops the rest of the rows.
        int taken = 0;
        await foreach (long number in connection.QueryUnbufferedAsync<long>(dialect.Series(100_000)).WithCancellation(Loop.CancellationToken))
        {
            if (++taken == 10)
            {
                break;
            }
        }

        Say($"a stream that is left after {taken} rows; the connection says {await connection.ExecuteScalarAsync<int>(Command("SELECT 1"))}");
    }

    // The token is what makes the difference: the driver cancels the command on the server, and the connection stays good.
    private async Coroutine TimeLimitAsync()
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        long id = await connection.ExecuteScalarAsync<long>(Command(dialect.ConnectionId));
        long began = Stopwatch.GetTimestamp();
        try
        {
            await Loop.Timeout(TimeSpan.FromSeconds(0.3), async Coroutine (_) => await connection.ExecuteAsync(Command(dialect.Sleep(30))));
        }
        catch (TimeoutException)
        {
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            bool same = await connection.ExecuteScalarAsync<long>(Command(dialect.ConnectionId)) == id;
            Say($"a time limit: 30 s of sleep ended after {seconds:F1} s; the connection {(same ? "is the same and goes on" : "is ANOTHER")}");
        }
    }

    private async Coroutine CancellationAsync()
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        var query = Loop.CreateTask(async Coroutine () => await connection.ExecuteAsync(Command(dialect.Sleep(30))));
        await Loop.Sleep(100);
        query.Cancel();
        await Loop.Wait([query]);
        Say($"a cancellation: the task is {query.Status.ToString().ToLowerInvariant()}; the connection says {await connection.ExecuteScalarAsync<int>(Command("SELECT 1"))}");
    }

    // Dapper takes the token by way of a CommandDefinition. It is that of the innermost timeout, scope or task.
    private static CommandDefinition Command(string text, object? parameters = null, DbTransaction? transaction = null) => new(text, parameters, transaction, cancellationToken: Loop.CancellationToken);

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private sealed record Account(int Id, string Owner, int Balance)
    {
        public static Account[] First { get; } = [new(1, "Ada", 100), new(2, "Grace", 300), new(3, "Barbara", 20)];
    }

    /// <summary>Whether anything holds up the loop.</summary>
    private sealed class Heartbeat
    {
        private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(5);

        public TimeSpan Worst { get; private set; }

        public void Begin() => Worst = TimeSpan.Zero;

        public async Coroutine BeatAsync()
        {
            while (true)
            {
                long before = Stopwatch.GetTimestamp();
                await Loop.Sleep(Every);
                var late = Stopwatch.GetElapsedTime(before) - Every;
                Worst = late > Worst ? late : Worst;
            }
        }
    }
}
