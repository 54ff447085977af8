using System.Data.Common;
using EventLoop.Samples;
using MySqlConnector;

namespace EventLoop.Data.Tests;

/// <summary>MySqlConnector on the loop.</summary>
public sealed class MySqlTests(Servers servers) : SqlContract(servers)
{
    internal override OwnServer.Recipe Recipe => OwnServer.MariaDb;

    protected override string SleepALot => "SELECT SLEEP(60)";

    protected override string ConnectionId => "SELECT CONNECTION_ID()";

    protected override DbDataSource OpenImpatient(string host, int port) =>
        Open(new MySqlConnectionStringBuilder { ConnectionTimeout = 2, CancellationTimeout = 1, DefaultCommandTimeout = 3 }, host, port, 2);

    protected override DbDataSource Open(string host, int port, int poolSize) => Open(new MySqlConnectionStringBuilder(), host, port, poolSize);

    private static MySqlDataSource Open(MySqlConnectionStringBuilder builder, string host, int port, int poolSize)
    {
        builder.Server = host;
        builder.Port = (uint)port;
        builder.UserID = "root";
        builder.Database = "mysql";
        builder.MaximumPoolSize = (uint)poolSize;
        builder.SslMode = MySqlSslMode.Disabled;
        return new MySqlDataSource(builder.ConnectionString);
    }
}
