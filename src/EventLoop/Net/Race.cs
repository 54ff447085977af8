using System.Net;
using System.Net.Sockets;

namespace EventLoop.Net;

/// <summary>Several addresses of one host: each has a head start over the next, a failure starts the next at once, the first connection wins and the others are closed.</summary>
internal sealed class Race(string host, int port, IPAddress[] addresses, ConnectOptions options)
{
    private readonly List<LoopTask<Connection>> running = [];
    private readonly List<string> failures = [];
    private SocketError lastError;

    internal async Coroutine<Connection> RunAsync()
    {
        int started = 0;
        Connection? winner = null;
        try
        {
            while (true)
            {
                if (started < addresses.Length)
                {
                    running.Add(Loop.CreateTask(Tcp.Attempt(new IPEndPoint(addresses[started++], port), options)));
                }

                await Loop.Wait(running, started < addresses.Length ? options.AttemptDelay : null, ReturnWhen.FirstCompleted);
                winner = TakeWinner();
                if (winner is not null)
                {
                    return winner;
                }

                if (running.Count == 0 && started == addresses.Length)
                {
                    throw new SocketException((int)lastError, $"connect to {host}:{port} failed: {string.Join("; ", failures)}");
                }
            }
        }
        finally
        {
            try
            {
                await Loop.Shield(CloseLosers());
            }
            catch
            {
                winner?.Abort();      // nobody will have it
                throw;
            }
        }
    }

    private Connection? TakeWinner()
    {
        for (int i = 0; i < running.Count; i++)
        {
            var attempt = running[i];
            if (!attempt.IsCompleted)
            {
                continue;
            }

            running.RemoveAt(i--);
            if (attempt.IsCompletedSuccessfully)
            {
                return attempt.Result;
            }

            var failure = attempt.Exception;
            lastError = (failure as SocketException)?.SocketErrorCode ?? SocketError.SocketError;
            failures.Add(failure?.Message ?? "canceled");
        }

        return null;
    }

    private async Coroutine CloseLosers()
    {
        foreach (var attempt in running)
        {
            attempt.Cancel("another address answered first");
        }

        foreach (var attempt in running)
        {
            try
            {
                await (await attempt).DisposeAsync();
            }
            catch (Exception lost) when (lost is OperationCanceledException or SocketException or IOException)
            {
            }
        }
    }
}
