// Sends each line of the standard input and prints what comes back.
//   EchoClient [--host 127.0.0.1] [--port 7000 | --unix PATH] [--tls NAME]
using EventLoop;
using EventLoop.Net;

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

Loop.Run(async () =>
{
    await using var connection = Option("--unix") is { } path
        ? await Unix.ConnectAsync(path)
        : await Tcp.ConnectAsync(Option("--host") ?? "127.0.0.1", int.Parse(Option("--port") ?? "7000"));
    if (Option("--tls") is { } name)
    {
        await connection.StartTlsAsync(name);
    }

    var printing = Loop.CreateTask(async () =>
    {
        while (await connection.ReadLineAsync() is { } answer)
        {
            Console.WriteLine(answer);
        }
    });
    while (await Loop.ToThread(Console.ReadLine) is { } line)
    {
        await connection.WriteAsync(line + "\n");
    }

    await connection.ShutdownWriteAsync();
    await printing;
});
