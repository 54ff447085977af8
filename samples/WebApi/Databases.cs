using EventLoop;
using EventLoop.Samples;
using MySqlConnector;
using StackExchange.Redis;

namespace WebApi;

/// <summary>The clients of the databases, pools both, made when the first request asks; and the servers, where none was named.</summary>
internal sealed class Databases((string Host, int Port)? redisServer, (string Host, int Port)? mysqlServer, string user, string password) : IAsyncDisposable
{
    private const int RedisConnections = 2;
    private const uint SqlConnections = 10;

    private readonly List<OwnServer> servers = [];
    private LoopTask<IConnectionMultiplexer[]>? redis;
    private LoopTask<MySqlDataSource>? mysql;
    private uint next;      // which may begin again at zero

    /// <summary>One of a pool: a multiplexer pipelines, so a few are enough.</summary>
    public async Task<IConnectionMultiplexer> RedisAsync()
    {
        redis = redis is { IsFaulted: false, IsCanceled: false } ? redis : Loop.CreateTask(ConnectRedisAsync(), "start of Redis");
        var pool = await Loop.Shield(redis);      // a client that goes away does not take it from the others
        return pool[next++ % pool.Length];
    }

    public async Task<MySqlDataSource> MySqlAsync()
    {
        mysql = mysql is { IsFaulted: false, IsCanceled: false } ? mysql : Loop.CreateTask(ConnectMySqlAsync(), "start of MySQL");
        return await Loop.Shield(mysql);
    }

    public async ValueTask DisposeAsync()
    {
        if (redis is { IsCompletedSuccessfully: true })
        {
            foreach (var connection in redis.Result)
            {
                await connection.DisposeAsync();
            }
        }

        if (mysql is { IsCompletedSuccessfully: true })
        {
            await mysql.Result.DisposeAsync();
        }

        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }

        if (servers.Count > 0)
        {
            Console.WriteLine("stopped the servers");
        }
    }

    private async Coroutine<IConnectionMultiplexer[]> ConnectRedisAsync()
    {
        var (host, port) = redisServer ?? await OwnAsync(OwnServer.Redis);
        var pool = new IConnectionMultiplexer[RedisConnections];
        for (int i = 0; i < pool.Length; i++)
        {
            pool[i] = await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions { EndPoints = { { host, port } }, AbortOnConnectFail = false,
                ConnectTimeout = 2000, AsyncTimeout = 2000 });
        }

        return pool;
    }

    private async Coroutine<MySqlDataSource> ConnectMySqlAsync()
    {
        var (host, port) = mysqlServer ?? await OwnAsync(OwnServer.MariaDb);
        var settings = new MySqlConnectionStringBuilder
        {
            Server = host, Port = (uint)port, UserID = user, Password = password, MaximumPoolSize = SqlConnections, ConnectionTimeout = 5,
                DefaultCommandTimeout = 10, CancellationTimeout = 2,
        };
        return new MySqlDataSource(settings.ConnectionString);
    }

    private async Coroutine<(string, int)> OwnAsync(OwnServer.Recipe recipe)
    {
        var server = await OwnServer.StartAsync(recipe);
        servers.Add(server);
        return (server.Host, server.Port);
    }
}
