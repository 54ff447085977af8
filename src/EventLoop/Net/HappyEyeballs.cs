using System.Net;
using System.Net.Sockets;
using EventLoop.Net.Sockets;

namespace EventLoop.Net;

/// <summary>Connects to one of a host's addresses: each has a head start over the next, a failure starts the next at once, the first connection wins and the
/// others are closed.</summary>
internal sealed class HappyEyeballs(string host, int port, IPAddress[] addresses, ConnectOptions options)
{
    private readonly List<LoopTask<Connection>> attempts = [];
    private readonly Queue<LoopTask<Connection>> ended = [];
    private readonly List<string> failures = [];
    private LoopFuture? news;            // where somebody waits for the next attempt that ends
    private LoopTask<Connection>? taken;
    private SocketError lastError;

    internal async Coroutine<Connection> RunAsync()
    {
        Connection? winner = null;
        try
        {
            while (true)
            {
                if (attempts.Count < addresses.Length)
                {
                    Begin(addresses[attempts.Count]);
                }

                if (ended.Count == 0)
                {
                    news = Loop.Current.CreateFuture();
                    await Loop.Wait([news], attempts.Count < addresses.Length ? options.AttemptDelay : null);
                    news = null;
                }

                winner = TakeWinner();
                if (winner is not null)
                {
                    return winner;
                }

                if (failures.Count == addresses.Length)
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
                winner?.Abort();      // nobody will receive it
                throw;
            }
        }
    }

    private void Begin(IPAddress address)
    {
        var attempt = Loop.CreateTask(Tcp.Attempt(new IPEndPoint(address, port), options));
        attempts.Add(attempt);
        attempt.AddDoneCallback(done =>
        {
            ended.Enqueue((LoopTask<Connection>)done);
            news?.TrySetResult();
        });
    }

    private Connection? TakeWinner()
    {
        while (ended.TryDequeue(out var attempt))
        {
            if (attempt.IsCompletedSuccessfully)
            {
                taken = attempt;
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
        foreach (var attempt in attempts)
        {
            attempt.Cancel("another address answered first");
        }

        foreach (var attempt in attempts)
        {
            if (ReferenceEquals(attempt, taken))
            {
                continue;
            }

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
