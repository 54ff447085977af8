using System.Data;
using System.Data.Common;
using System.Diagnostics;
using EventLoop.Samples;

namespace EventLoop.Data.Tests;

/// <summary>What an application on the loop needs of a driver when its database is slow, silent, gone, or back: the same for each driver.</summary>
public abstract class SqlContract(Servers servers)
{
    /// <summary>A loop that stood still for so long was blocked: the shortest limit of a driver here is 2 s. A busy machine, and .NET compiling, take less.</summary>
    private static readonly TimeSpan Blocked = TimeSpan.FromSeconds(1.9);

    internal abstract OwnServer.Recipe Recipe { get; }

    protected abstract string SleepALot { get; }

    protected abstract string ConnectionId { get; }

    /// <summary>With limits of the driver's own that are below <see cref="LoopOptions.ForeignGrace"/>: it ends by itself what is cancelled, whatever its server does.</summary>
    protected abstract DbDataSource OpenImpatient(string host, int port);

    protected abstract DbDataSource Open(string host, int port, int poolSize);

    [Fact]
    public void A_time_limit_with_the_token_leaves_the_connection_usable() => OnWire(async (wire, source) =>
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        long id = await ScalarAsync(connection, ConnectionId);
        for (int i = 0; i < 5; i++)
        {
            (await TimeOf(() => ShouldTimeOutAsync(TimeSpan.FromSeconds(0.2), () => ExecuteAsync(connection, SleepALot)))).Should().BeLessThan(TimeSpan.FromSeconds(4));
            (await ScalarAsync(connection, ConnectionId)).Should().Be(id);
        }
    });

    [Fact]
    public void A_cancelled_task_leaves_its_connection_usable() => OnWire(async (wire, source) =>
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        var query = Loop.CreateTask(ExecuteAsync(connection, SleepALot));
        await Loop.Sleep(100);
        query.Cancel();
        await Loop.Wait([query]);
        query.IsCanceled.Should().BeTrue();
        (await ScalarAsync(connection, "SELECT 42")).Should().Be(42);
    });

    [Fact]
    public void Thirty_queries_that_are_cancelled_at_once_do_not_hold_up_the_loop() => OnWire(
        async (wire, source) =>
        {
            var connections = await Loop.Gather(Enumerable.Range(0, 30).Select(async Coroutine<DbConnection> (_) => await source.OpenConnectionAsync(Loop.CancellationToken)));
            long began = Stopwatch.GetTimestamp();
            var worst = await Heartbeat.DuringAsync(async () =>
                (await CancelScope.MoveOnAfter(TimeSpan.FromSeconds(1), async _ => await TaskGroup.Run(async group =>
                {
                    foreach (var connection in connections)
                    {
                        group.StartSoon(ExecuteAsync(connection, SleepALot));
                    }
                }))).Should().BeFalse());
            Report($"30 queries cancelled at once after 1 s: over after {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s, the loop stood still for {worst.TotalMilliseconds:F0} ms");
            worst.Should().BeLessThan(Blocked);
            foreach (var connection in connections)
            {
                (await ScalarAsync(connection, "SELECT 42")).Should().Be(42);
                await connection.DisposeAsync();
            }
        },
        poolSize: 30);

    [Fact]
    public void A_time_limit_around_a_query_of_a_silent_server_ends_by_the_drivers_own_limits_and_blocks_nobody() => OnWire(
        async (wire, source) =>
        {
            var worst = await Heartbeat.DuringAsync(async () =>
            {
                await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
                await ScalarAsync(connection, "SELECT 1");
                Exception? end = null;
                var time = await TimeOf(async () =>
                {
                    var asked = Loop.CreateTask(Loop.Timeout(TimeSpan.FromSeconds(0.3), async Coroutine (_) => await ExecuteAsync(connection, SleepALot)));
                    await Loop.Sleep(100);
                    wire.Silence();
                    await Loop.Wait([asked]);
                    end = asked.Exception;
                });
                Report($"a silent server: a time limit of 0.3 s ended after {time.TotalSeconds:F1} s by {end?.GetType().Name}; the connection is {connection.State}");
                end.Should().Match<Exception>(static failure => failure is TimeoutException || failure is DbException);
                time.Should().BeLessThan(TimeSpan.FromSeconds(5.2), "the driver's own limits are below the grace, so nothing was abandoned");
                connection.State.Should().NotBe(ConnectionState.Open, "the driver has given it up");
            });
            Report($"a silent server: the loop stood still for {worst.TotalMilliseconds:F0} ms");
            worst.Should().BeLessThan(Blocked);

            wire.Restore();
            await using var again = await source.OpenConnectionAsync(Loop.CancellationToken);
            (await ScalarAsync(again, "SELECT 42")).Should().Be(42);
        },
        impatient: true,
        grace: 5);

    [Fact]
    public void With_limits_of_the_driver_above_the_grace_the_wait_for_a_silent_server_is_abandoned_and_the_loop_goes_on() => OnWire(
        async (wire, source) =>
        {
            var worst = await Heartbeat.DuringAsync(async () =>
            {
                var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
                await ScalarAsync(connection, "SELECT 1");
                var time = await TimeOf(async () =>
                {
                    var asked = Loop.CreateTask(Loop.Timeout(TimeSpan.FromSeconds(0.3), async Coroutine (_) => await ExecuteAsync(connection, SleepALot)));
                    await Loop.Sleep(100);
                    wire.Silence();
                    await Loop.Wait([asked]);
                    asked.Exception.Should().BeOfType<TimeoutException>();
                });
                Report($"a silent server, and the driver's limits as they are: a time limit of 0.3 s ended after {time.TotalSeconds:F1} s; the connection is {connection.State}");
                time.Should().BeGreaterThan(TimeSpan.FromSeconds(4.9)).And.BeLessThan(TimeSpan.FromSeconds(8));

                // What was abandoned goes on with the connection: who gives it back to the pool gives it to others. Here the wire is cut first.
                wire.Restore();
                wire.Cut();
                await CloseInUseAsync(connection);
            });
            Report($"a silent server, and the driver's limits as they are: the loop stood still for {worst.TotalMilliseconds:F0} ms");
            worst.Should().BeLessThan(Blocked);
        },
        grace: 5);

    [Fact]
    public void To_connect_to_a_silent_server_takes_as_long_as_the_driver_allows_and_blocks_nobody() => OnWire(
        async (wire, source) =>
        {
            wire.Silence();
            var worst = await Heartbeat.DuringAsync(async () =>
            {
                Exception? end = null;
                var time = await TimeOf(async () =>
                {
                    try
                    {
                        await Loop.Timeout(TimeSpan.FromSeconds(0.3), async Coroutine (_) =>
                        {
                            await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
                        });
                    }
                    catch (Exception failure) when (failure is TimeoutException or DbException)
                    {
                        end = failure;
                    }
                });
                Report($"connecting to a silent server: a time limit of 0.3 s ended after {time.TotalSeconds:F1} s by {end?.GetType().Name}");
                end.Should().NotBeNull();
                time.Should().BeLessThan(TimeSpan.FromSeconds(4), "the driver's own limit is 2 s");
            });
            Report($"connecting to a silent server: the loop stood still for {worst.TotalMilliseconds:F0} ms");
            worst.Should().BeLessThan(Blocked);
            wire.Restore();
            await using var again = await source.OpenConnectionAsync(Loop.CancellationToken);
            (await ScalarAsync(again, "SELECT 42")).Should().Be(42);
        },
        impatient: true,
        grace: 5);

    [Fact]
    public void A_server_that_goes_away_in_the_middle_is_a_failure_and_the_pool_recovers_when_it_is_back() => OnWire(async (wire, source) =>
    {
        await using (var connection = await source.OpenConnectionAsync(Loop.CancellationToken))
        {
            await ScalarAsync(connection, "SELECT 1");
            var asked = Loop.CreateTask(ExecuteAsync(connection, SleepALot));
            await Loop.Sleep(100);
            wire.Cut();
            await Loop.Wait([asked]);
            asked.Exception.Should().BeAssignableTo<DbException>();
        }

        await using var again = await source.OpenConnectionAsync(Loop.CancellationToken);
        (await ScalarAsync(again, "SELECT 42")).Should().Be(42);
    });

    [Fact]
    public void Idle_connections_that_were_cut_are_found_out_and_replaced() => OnWire(async (wire, source) =>
    {
        await Loop.Gather(Enumerable.Range(0, 2).Select(async Coroutine (_) =>
        {
            await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
            await ScalarAsync(connection, "SELECT 1");
            await Loop.Sleep(20);
        }));
        wire.Cut();
        await Loop.Sleep(20);
        long answer = 0;
        for (int attempt = 0; attempt < 5 && answer == 0; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
                answer = await ScalarAsync(connection, "SELECT 42");
            }
            catch (DbException)
            {
                // A driver may learn of it by the first command only, one connection of the pool after the other.
            }
        }

        answer.Should().Be(42);
    });

    [Fact]
    public void Who_waits_for_a_connection_of_an_empty_pool_is_bounded_by_a_time_limit_and_takes_none_with_him() => OnWire(async (wire, source) =>
    {
        await using (var first = await source.OpenConnectionAsync(Loop.CancellationToken))
        await using (var second = await source.OpenConnectionAsync(Loop.CancellationToken))
        {
            var time = await TimeOf(() => Loop.Gather(Enumerable.Range(0, 3).Select(_ => ShouldTimeOutAsync(TimeSpan.FromSeconds(0.2), async Coroutine () =>
            {
                await using var none = await source.OpenConnectionAsync(Loop.CancellationToken);
            }))));
            time.Should().BeLessThan(TimeSpan.FromSeconds(4));
        }

        await using var third = await source.OpenConnectionAsync(Loop.CancellationToken);
        await using var fourth = await source.OpenConnectionAsync(Loop.CancellationToken);
        (await ScalarAsync(fourth, "SELECT 42")).Should().Be(42);
    });

    [Fact]
    public void Without_the_token_the_wait_ends_at_once_but_the_connection_is_still_in_its_command() => OnWire(async (wire, source) =>
    {
        var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        var time = await TimeOf(() => ShouldTimeOutAsync(TimeSpan.FromSeconds(0.2), async Coroutine () => await Command(connection, SleepALot).ExecuteNonQueryAsync()));
        time.Should().BeLessThan(TimeSpan.FromSeconds(1.5));
        Func<Task> next = () => Command(connection, "SELECT 42").ExecuteScalarAsync();
        var refused = (await next.Should().ThrowAsync<Exception>()).Which;
        refused.Should().Match<Exception>(static failure => failure is DbException || failure is InvalidOperationException);
        Report($"without the token the next command throws {refused.GetType().Name}: {refused.Message}");
        wire.Cut();
        await CloseInUseAsync(connection);
    });

    [Fact]
    public void A_transaction_whose_scope_is_cancelled_is_rolled_back() => OnWire(async (wire, source) =>
    {
        await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
        string table = $"t{Environment.ProcessId}";
        await ExecuteAsync(connection, $"CREATE TABLE {table} (id INT)");
        await ShouldTimeOutAsync(TimeSpan.FromSeconds(0.3), async Coroutine () =>
        {
            await using var transaction = await connection.BeginTransactionAsync(Loop.CancellationToken);
            await ExecuteAsync(connection, $"INSERT INTO {table} VALUES (1)", transaction);
            await ExecuteAsync(connection, SleepALot, transaction);
        });
        (await ScalarAsync(connection, $"SELECT COUNT(*) FROM {table}")).Should().Be(0);
        await ExecuteAsync(connection, $"DROP TABLE {table}");
    });

    [Fact]
    public void A_server_that_was_stopped_and_started_again_serves_the_same_pool()
    {
        // A server of its own: the others go on using theirs.
        Assert.SkipUnless(Recipe.IsInstalled, Recipe.HowToInstall);
        Loop.Run(async Coroutine () =>
        {
            await using var server = await OwnServer.StartAsync(Recipe);
            await using var source = Open(server.Host, server.Port, 2);
            (await UntilAnsweredAsync(source)).Should().Be(42);
            await server.StopAsync();
            Func<Task> ask = async () =>
            {
                await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
                await ScalarAsync(connection, "SELECT 1");
            };
            await ask.Should().ThrowAsync<DbException>();
            await server.StartAsync();
            (await UntilAnsweredAsync(source)).Should().Be(42);
        });
    }

    protected static void Report(FormattableString line) => TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(line));

    private static async Coroutine<long> UntilAnsweredAsync(DbDataSource source)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(Loop.CancellationToken);
                return await ScalarAsync(connection, "SELECT 42");
            }
            catch (DbException) when (attempt < 200)
            {
                await Loop.Sleep(50);
            }
        }
    }

    private static async Coroutine ShouldTimeOutAsync(TimeSpan limit, Func<Coroutine> body)
    {
        bool timedOut = false;
        try
        {
            await Loop.Timeout(limit, async Coroutine (_) => await body());
        }
        catch (TimeoutException)
        {
            timedOut = true;
        }

        timedOut.Should().BeTrue();
    }

    // What was abandoned still uses it: a driver may refuse to close it, or stumble.
    private static async Coroutine CloseInUseAsync(DbConnection connection)
    {
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception failure) when (failure is InvalidOperationException or DbException)
        {
        }
    }

    private static async Coroutine<TimeSpan> TimeOf(Func<Coroutine> body)
    {
        long began = Stopwatch.GetTimestamp();
        await body();
        return Stopwatch.GetElapsedTime(began);
    }

    private static DbCommand Command(DbConnection connection, string text, DbTransaction? transaction = null)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = transaction;
        return command;
    }

    private static async Coroutine ExecuteAsync(DbConnection connection, string text, DbTransaction? transaction = null)
    {
        await using var command = Command(connection, text, transaction);
        await command.ExecuteNonQueryAsync(Loop.CancellationToken);
    }

    private static async Coroutine<long> ScalarAsync(DbConnection connection, string text)
    {
        await using var command = Command(connection, text);
        return Convert.ToInt64(await command.ExecuteScalarAsync(Loop.CancellationToken));
    }

    private void OnWire(Func<Wire, DbDataSource, Coroutine> body, int poolSize = 2, bool impatient = false, double grace = 50)
    {
        var server = servers.Get(Recipe);
        Loop.Run(
            async Coroutine () =>
            {
                await using (var direct = Open(server.Host, server.Port, 1))
                {
                    await UntilAnsweredAsync(direct);
                }

                await using var wire = new Wire(server.Host, server.Port);
                await using var source = impatient ? OpenImpatient(server.Host, wire.Port) : Open(server.Host, wire.Port, poolSize);
                await Loop.Timeout(TimeSpan.FromSeconds(60), async Coroutine (_) => await body(wire, source));
            },
            new LoopOptions { ForeignGrace = TimeSpan.FromSeconds(grace) });
    }
}
