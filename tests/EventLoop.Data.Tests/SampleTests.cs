using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EventLoop.Samples;
using Npgsql;
using Redis.LoopRedis;

namespace EventLoop.Data.Tests;

/// <summary>The samples as processes, with servers of their own, or those that are named to them.</summary>
public sealed class SampleTests(Servers servers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    [Fact]
    public async Task Redis()
    {
        Skip(OwnServer.Redis);
        string said = await RunAsync("Redis", "--commands", "400", "--rounds", "1");
        said.Should().Contain("one server: StackExchange.Redis wrote 'hello', LoopRedis read 'hello'; visits 42")
            .And.Contain("several servers, asked at once: server ")
            .And.Contain("a pool: 12 workers did 12 jobs over 4 connections")
            .And.Contain("pipelining: 2000 increments at once, the last answers 1000 and 2000")
            .And.Contain("pub/sub: LoopRedis heard 'the loop turns', StackExchange.Redis heard 'the loop turns'")
            .And.Contain("ratio of processor time")
            .And.Contain("stopped the servers");
        NothingIsLeft(said);
    }

    [Fact]
    public async Task MySql()
    {
        Skip(OwnServer.MariaDb);
        string said = await RunAsync("MySql");
        TourIsWhole(said);
        said.Should().Contain("a bulk copy: 10000 rows");
        NothingIsLeft(said);
    }

    [Fact]
    public async Task PostgreSql()
    {
        Skip(OwnServer.PostgreSql);
        string said = await RunAsync("PostgreSql");
        TourIsWhole(said);
        said.Should().Contain("a bulk copy: 10000 rows").And.Contain("a notification: 'the loop turns'");
        NothingIsLeft(said);
    }

    [Fact]
    public async Task A_sample_uses_the_server_that_is_named_and_starts_none()
    {
        Skip(OwnServer.Redis);
        string said = await Loop.Run(async Coroutine<Task<string>> () =>
        {
            await using var server = await OwnServer.StartAsync(OwnServer.Redis);
            string said = await RunAsync("Redis", "--server", $"{server.Host}:{server.Port}", "--commands", "0");
            return Task.FromResult(said);
        });
        said.Should().Contain("one server:").And.NotContain("started Redis").And.NotContain("stopped");
    }

    [Fact]
    public void Redis_leaves_what_others_have_on_a_server_that_is_named_to_it() => Loop.Run(async Coroutine () =>
    {
        Skip(OwnServer.Redis);
        string[] names = ["greeting", "visits", "name", "jobs", "pipelined", "key0"];
        await using var server = await OwnServer.StartAsync(OwnServer.Redis);
        await using var client = await RedisClient.ConnectAsync(server.Host, server.Port);
        foreach (string name in names)
        {
            await client.CallAsync("RPUSH", name, "somebody's");
        }

        string said = await RunAsync("Redis", "--server", $"{server.Host}:{server.Port}", "--commands", "400", "--rounds", "1");

        said.Should().Contain("visits 42").And.Contain("12 workers did 12 jobs").And.Contain("ratio of processor time");
        foreach (string name in names)
        {
            (await client.CallAsync("LRANGE", name, 0, -1)).ToString().Should().Be("[somebody's]");
        }

        var keys = (await client.CallAsync("KEYS", "*")).Items.Select(static key => key.Text!).ToList();
        keys.Where(static key => !key.StartsWith("eventloop-sample:", StringComparison.Ordinal)).Should().BeEquivalentTo(names);
    });

    [Fact]
    public async Task PostgreSql_leaves_what_others_have_in_a_database_that_is_named_to_it()
    {
        var server = servers.Get(OwnServer.PostgreSql);
        string where = $"Host={server.Host};Port={server.Port};GssEncryptionMode=Disable;Pooling=false";
        await ExecuteAsync($"{where};Username=postgres;Database=postgres", "DROP DATABASE IF EXISTS somebody", "DROP ROLE IF EXISTS somebody",
            "CREATE ROLE somebody LOGIN", "CREATE DATABASE somebody OWNER somebody");
        string his = $"{where};Username=somebody;Database=somebody";
        await ExecuteAsync(his, "CREATE TABLE accounts AS SELECT 7 AS id", "CREATE TABLE numbers AS SELECT 8 AS id");

        string said = await RunAsync("PostgreSql", "--server", $"{server.Host}:{server.Port}", "--user", "somebody");

        said.Should().Contain("there is as much money as before: yes").And.Contain("a bulk copy: 10000 rows");
        (await ExecuteAsync(his, "SELECT accounts.id * 10 + numbers.id FROM accounts, numbers")).Should().Be(78);
    }

    private static async Task<object?> ExecuteAsync(string where, params string[] commands)
    {
        await using var connection = new NpgsqlConnection(where);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        object? last = null;
        foreach (string text in commands)
        {
            await using var command = new NpgsqlCommand(text, connection);
            last = await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        }

        return last;
    }

    [Fact]
    public async Task A_sample_that_is_told_to_end_while_its_server_is_prepared_leaves_nothing_behind()
    {
        Skip(OwnServer.MariaDb);
        string folder = Directory.CreateTempSubdirectory("sample-tests-").FullName;
        string[] prepared = [];
        Process? program = null;
        try
        {
            // Stands for the real one, which is done too soon: it has a child of its own, and says who both are.
            string preparation = Path.Combine(folder, "mariadb-install-db"), pipe = Path.Combine(folder, "pipe");
            await File.WriteAllTextAsync(preparation, $"#!/bin/sh\nsleep 600 &\necho \"$$ $!\" > {pipe}\nwait\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(preparation, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using (var maker = Process.Start("mkfifo", [pipe]))
            {
                await maker.WaitForExitAsync(TestContext.Current.CancellationToken);
            }

            program = Start("MySql", [], path: $"{folder}:{Environment.GetEnvironmentVariable("PATH")}", temp: folder);
            prepared = (await Task.Run(() => File.ReadAllText(pipe), TestContext.Current.CancellationToken).WaitAsync(Patience)).Split();
            using var kill = Process.Start("kill", ["-TERM", $"{program.Id}"]);
            await program.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);

            program.ExitCode.Should().Be(143, await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            Directory.GetDirectories(folder).Should().BeEmpty();
            Loop.Run(async Coroutine () => await Loop.Timeout(TimeSpan.FromSeconds(20), async Coroutine (_) =>
            {
                while (prepared.Any(Lives))      // what was killed is gone in a moment
                {
                    await Loop.Sleep(20);
                }
            }));
        }
        finally
        {
            program?.Kill(entireProcessTree: true);
            program?.Dispose();
            foreach (string id in prepared.Where(Lives))
            {
                using var kill = Process.Start("kill", ["-KILL", id]);
                kill.WaitForExit();
            }

            Directory.Delete(folder, recursive: true);
        }

        // A zombie does not: who is to reap it is not the sample's affair.
        static bool Lives(string id)
        {
            try
            {
                return id.Length > 0 && !File.ReadAllText($"/proc/{id}/stat").Split(") ")[^1].StartsWith('Z');
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData("Redis", "redis-server")]
    public async Task Where_the_server_is_not_installed_the_sample_names_the_package(string sample, string package)
    {
        using var program = Start(sample, [], path: "/nonexistent");
        string said = await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        program.ExitCode.Should().Be(3);
        said.Should().Contain($"apt-get install {package}");
    }

    [Theory]
    [InlineData("Redis")]
    [InlineData("MySql")]
    [InlineData("PostgreSql")]
    public async Task Help_says_what_it_does(string sample) =>
        (await RunAsync(sample, "--help")).Should().Contain($"samples/{sample}").And.Contain("--server HOST:PORT").And.Contain("It touches nothing else");

    [Theory]
    [InlineData("Redis", true)]
    [InlineData("MySql", true)]
    [InlineData("PostgreSql", true)]
    [InlineData("Redis", false)]
    [InlineData("MySql", false)]
    [InlineData("PostgreSql", false)]
    public async Task A_server_that_is_silent_or_not_there_is_named_in_a_sentence_and_in_time(string sample, bool isSilent)
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (isSilent)
        {
            silent.Listen();
        }

        await FailsAsync(sample, (IPEndPoint)silent.LocalEndPoint!);
    }

    [Theory]
    [InlineData("MySql")]
    [InlineData("PostgreSql")]
    public async Task A_wrong_password_is_named_in_a_sentence(string sample)
    {
        var recipe = sample == "MySql" ? OwnServer.MariaDb : OwnServer.PostgreSql;
        Skip(recipe);
        string said = await Loop.Run(async Coroutine<Task<string>> () =>
        {
            await using var server = await OwnServer.StartAsync(recipe);
            string said = await FailsAsync(sample, new IPEndPoint(IPAddress.Loopback, server.Port), "--user", "nobody", "--password", "wrong");
            return Task.FromResult(said);
        });
        said.Should().Contain("nobody", "the user is named");
    }

    private static async Task<string> FailsAsync(string sample, IPEndPoint where, params string[] more)
    {
        using var program = Start(sample, ["--server", $"{where}", .. more]);
        try
        {
            string said = await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
            await program.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
            program.ExitCode.Should().Be(1, said);
            said.Should().Contain($"on {where}").And.NotContain("   at ");
            return said;
        }
        finally
        {
            if (!program.HasExited)
            {
                program.Kill();
            }
        }
    }

    [Fact]
    public async Task A_sample_that_is_killed_leaves_no_server_behind()
    {
        Skip(OwnServer.Redis);
        using var program = Start("Redis", ["--commands", "1000000"]);
        var ports = new List<int>();
        var folders = new List<string>();
        while (ports.Count < 3 && await program.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience) is { } line)
        {
            if (line.StartsWith("started Redis on 127.0.0.1:", StringComparison.Ordinal))
            {
                ports.Add(int.Parse(line.Split(':')[1].Split(',')[0]));
                folders.Add(line.Split(" its data in ")[1].Trim());
            }
        }

        program.Kill();
        Loop.Run(async Coroutine () =>
        {
            foreach (int port in ports)
            {
                while (await AnswersAsync(port))
                {
                    await Loop.Sleep(20);
                }
            }
        });
        folders.ForEach(static folder => Directory.Delete(folder, recursive: true));

        static async Coroutine<bool> AnswersAsync(int port)
        {
            try
            {
                await using var connection = await EventLoop.Net.Tcp.ConnectAsync("127.0.0.1", port);
                return true;
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                return false;
            }
        }
    }

    private static void TourIsWhole(string said) => said.Should()
        .Contain("one connection: 3 rows put in; Grace has 300")
        .And.Contain("several connections: 3 of them slept 0.2 s each")
        .And.Contain("a pool: 40 tasks shared 4 connections")
        .And.Contain("there is as much money as before: yes")
        .And.Contain("a stream of rows: 100000 rows, sum 5000050000")
        .And.Contain("a stream that is left after 10 rows; the connection says 1")
        .And.Contain("the connection is the same and goes on")
        .And.Contain("a cancellation: the task is canceled; the connection says 1")
        .And.Contain("stopped the server");

    private static void NothingIsLeft(string said)
    {
        foreach (string line in said.Split('\n').Where(static line => line.StartsWith("started ", StringComparison.Ordinal)))
        {
            Directory.Exists(line.Split(" its data in ")[1].Trim()).Should().BeFalse();
        }
    }

    private static void Skip(OwnServer.Recipe recipe) => Assert.SkipUnless(recipe.IsInstalled, recipe.HowToInstall);

    private static Process Start(string sample, string[] arguments, string? path = null, string? temp = null)
    {
        string dotnet = Environment.ProcessPath is { } own && Path.GetFileName(own) == "dotnet" ? own : "/usr/bin/dotnet";
        var start = new ProcessStartInfo(File.Exists(dotnet) ? dotnet : "dotnet", [Path.Combine(AppContext.BaseDirectory, $"{sample}.dll"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        if (path is not null)
        {
            start.Environment["PATH"] = path;
        }

        if (temp is not null)
        {
            start.Environment["TMPDIR"] = temp;
        }

        return Process.Start(start)!;
    }

    private static async Task<string> RunAsync(string sample, params string[] arguments)
    {
        using var program = Start(sample, arguments);
        try
        {
            var errors = program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string said = await program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
            await program.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
            program.ExitCode.Should().Be(0, said + await errors);
            return said;
        }
        finally
        {
            if (!program.HasExited)
            {
                program.Kill();
            }
        }
    }
}
