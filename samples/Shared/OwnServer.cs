using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EventLoop.Net;

namespace EventLoop.Samples;

/// <summary>A database server of the sample's own: on a free port of 127.0.0.1, its data in a temporary folder, both gone when it is disposed.</summary>
/// <remarks>It runs behind a shell that ends it when this program closes a pipe, or ends in whichever way and the system closes it.</remarks>
internal sealed class OwnServer : IAsyncDisposable
{
    private const string Watch = """exec 3<&0; signal=$1; shift; "$@" </dev/null & pid=$!; trap '' INT TERM; (cat <&3 >/dev/null; kill -s "$signal" $pid 2>/dev/null) & wait $pid""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly bool IsRoot = Environment.UserName == "root";

    private readonly Recipe _recipe;
    private readonly DirectoryInfo _folder;
    private readonly Queue<string> _lastWords = new();      // guarded by itself: the lines come on threads of the pool
    private Process? _shell;

    private OwnServer(Recipe recipe)
    {
        _recipe = recipe;
        _folder = Directory.CreateTempSubdirectory($"eventloop-{recipe.Name.ToLowerInvariant()}-");
        Port = FreePort();
    }

    public string Host => "127.0.0.1";

    public int Port { get; }

    public static Recipe Redis { get; } = new("Redis", "redis-server", "redis-server", "TERM")
    {
        Arguments = static (folder, port) => ["--bind", "127.0.0.1", "--port", $"{port}", "--dir", folder, "--save", "", "--appendonly", "no"],
    };

    public static Recipe MariaDb { get; } = new("MariaDB", "mariadbd", "mariadb-server", "TERM")
    {
        Preparation = static folder =>
        [
            "mariadb-install-db", "--no-defaults", $"--datadir={folder}/data", "--auth-root-authentication-method=normal", "--skip-test-db", .. IsRoot
                ? ["--user=root"] : Array.Empty<string>(),
        ],
        Arguments = static (folder, port) =>
        [
            "--no-defaults", $"--datadir={folder}/data", "--bind-address=127.0.0.1", $"--port={port}", $"--socket={folder}/socket", $"--pid-file={folder}/pid",
                "--skip-log-bin", "--skip-name-resolve", "--local-infile=1",
            "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--console", .. IsRoot ? ["--user=root"] : Array.Empty<string>(),
        ],
    };

    /// <summary>It refuses to run as root, and is started as the user of Debian's package then.</summary>
    public static Recipe PostgreSql { get; } = new("PostgreSQL", "postgres", "postgresql", "INT")
    {
        User = IsRoot ? "postgres" : null,
        Preparation = static folder => ["initdb", "-D", $"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        Arguments = static (folder, port) => ["-D", $"{folder}/data", "-h", "127.0.0.1", "-p", $"{port}", "-k", folder, "-c", "fsync=off"],
    };

    /// <summary>Starts it, and says so.</summary>
    /// <returns>It takes connections; whether it takes commands is for its client to try.</returns>
    public static async Coroutine<OwnServer> StartAsync(Recipe recipe)
    {
        _ = recipe.Find();
        var server = new OwnServer(recipe);
        try
        {
            if (recipe.User is { } user)
            {
                await RunAsync("chown", user, server._folder.FullName);
            }

            if (recipe.Preparation is { } prepare)
            {
                await RunAsync(recipe.As(prepare(server._folder.FullName)));
            }

            await server.StartAsync();
            Console.WriteLine($"started {recipe.Name} on {server.Host}:{server.Port}, its data in {server._folder.FullName}");
            return server;
        }
        catch
        {
            try
            {
                await server.DisposeAsync();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"{server._folder.FullName} stays: {failure.Message}");      // why the start failed matters more
            }

            throw;
        }
    }

    /// <summary>Starts it again on its port, with the data that it had.</summary>
    public async Coroutine StartAsync()
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = _folder.FullName };
        foreach (string argument in (string[])["-c", Watch, "sh", _recipe.Signal,
            .. _recipe.As([_recipe.Find(), .. _recipe.Arguments(_folder.FullName, Port)])])
        {
            start.ArgumentList.Add(argument);
        }

        _shell = Process.Start(start) ?? throw new IOException("There is no shell.");
        _shell.OutputDataReceived += Keep;
        _shell.ErrorDataReceived += Keep;
        _shell.BeginOutputReadLine();
        _shell.BeginErrorReadLine();
        await Loop.Timeout(Patience, async Coroutine (_) =>
        {
            while (!await AnswersAsync())
            {
                if (_shell.HasExited)
                {
                    throw new IOException($"{_recipe.Name} did not start:\n{LastWords}");
                }

                await Loop.Sleep(TimeSpan.FromMilliseconds(20));
            }
        });
    }

    /// <summary>Ends it in order; its data stay.</summary>
    public async Coroutine StopAsync()
    {
        if (_shell is { } shell)
        {
            _shell = null;
            shell.StandardInput.Close();
            await shell.WaitForExitAsync(Loop.CancellationToken);
            shell.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CancelScope.Run(
            async _ =>
            {
                await StopAsync();
                await Loop.ToThread(() => _folder.Delete(recursive: true));      // a hundred megabytes of files
            },
            Patience,
            shield: true);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Coroutine RunAsync(params string[] command)
    {
        // A cancellation kills it with all that it has started, and waits for its end: what it has written so far is deleted afterwards.
        var result = await Subprocess.RunAndCaptureTextAsync(
            new ProcessCommand(command[0], command[1..]) { WorkingDirectory = "/", KillOnParentExit = true, StopGrace = TimeSpan.Zero });
        if (!result.ExitStatus.IsSuccess)
        {
            throw new IOException($"{string.Join(' ', command)} failed:\n{result.StandardOutput}{result.StandardError}");
        }
    }

    private async Coroutine<bool> AnswersAsync()
    {
        try
        {
            await using var connection = await Tcp.ConnectAsync(Host, Port);
            return true;
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            return false;
        }
    }

    private string LastWords
    {
        get
        {
            lock (_lastWords)
            {
                return string.Join('\n', _lastWords);
            }
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_lastWords)
        {
            if (line.Data is { Length: > 0 } text)
            {
                _lastWords.Enqueue(text);
                if (_lastWords.Count > 20)
                {
                    _lastWords.Dequeue();
                }
            }
        }
    }

    /// <summary>How a kind of server is started.</summary>
    /// <param name="Name">Of the kind.</param>
    /// <param name="Program">To look for.</param>
    /// <param name="Package">Debian's, which has it.</param>
    /// <param name="Signal">Which ends it in order and at once.</param>
    internal sealed record Recipe(string Name, string Program, string Package, string Signal)
    {
        private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/usr/local/sbin"];

        public string? User { get; init; }

        public Func<string, string[]>? Preparation { get; init; }

        public required Func<string, int, string[]> Arguments { get; init; }

        public bool IsInstalled => Look(Program) is not null;

        public string HowToInstall => $"{Name} is not installed: there is no program {Program}. On Debian: apt-get install {Package}";

        /// <exception cref="ServerMissingException">It is not installed.</exception>
        public string Find() => Look(Program) ?? throw new ServerMissingException(HowToInstall);

        public string[] As(string[] command)
        {
            command = [Look(command[0]) ?? command[0], .. command[1..]];
            return User is null ? command : ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", .. command];
        }

        // Debian keeps the programs of PostgreSQL in folders of their versions.
        private static string? Look(string program) => program.Contains('/') ? program
            : Folders.Concat(Directory.Exists("/usr/lib/postgresql")
                ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(static folder => $"{folder}/bin") : [])
                .Where(static folder => folder.Length > 0).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }
}

/// <summary>The server that a sample needs is not installed; the message says which package has it.</summary>
internal sealed class ServerMissingException(string message) : Exception(message);
