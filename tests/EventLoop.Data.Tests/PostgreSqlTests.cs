using System.Data.Common;
using EventLoop.Samples;
using Npgsql;

namespace EventLoop.Data.Tests;

/// <summary>Npgsql on the loop.</summary>
public sealed class PostgreSqlTests(Servers servers) : SqlContract(servers)
{
    internal override OwnServer.Recipe Recipe => OwnServer.PostgreSql;

    protected override string SleepALot => "SELECT pg_sleep(60)";

    protected override string ConnectionId => "SELECT pg_backend_pid()";

    protected override DbDataSource OpenImpatient(string host, int port) => Open(host, port, 2, timeout: 2);

    protected override DbDataSource Open(string host, int port, int poolSize) => Open(host, port, poolSize, timeout: 15);

    private static NpgsqlDataSource Open(string host, int port, int poolSize, int timeout) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
    {
        Host = host, Port = port, Username = "postgres", Database = "postgres", MaxPoolSize = poolSize, SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable, Timeout = timeout,
    });
}
