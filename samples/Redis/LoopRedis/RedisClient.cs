using System.Buffers;
using EventLoop;
using EventLoop.Net;

namespace Redis.LoopRedis;

/// <summary>
/// A Redis client on one connection of the loop: RESP3, pub/sub on the same connection, and pipelining by turn: what all tasks ask for in one turn of the loop
/// goes out in one send, and answers are read many at a time.
/// </summary>
/// <remarks>
/// One thread, so there is no lock, no queue between threads and no buffer of its own: commands are written straight into the connection's output, answers are
/// read straight out of its input. Whoever stops waiting (a timeout, a cancellation) leaves the
/// connection usable: the late answer is read and dropped in its turn.
/// </remarks>
internal sealed class RedisClient : IAsyncDisposable
{
    /// <summary>More commands without an answer are refused: a silent server must not fill the memory.</summary>
    private const int MostWaiting = 100_000;

    private readonly Connection connection;
    private readonly Queue<Place> waiting = new();
    private readonly Dictionary<string, Subscription> subscriptions = [];
    private readonly AsyncEvent written = new();
    private readonly LoopTask reader;
    private readonly LoopTask writer;
    private Exception? broken;

    private RedisClient(Connection connection)
    {
        this.connection = connection;
        reader = Loop.CreateTask(ReadAsync(), $"answers of {connection.RemoteEndPoint}");
        writer = Loop.CreateTask(WriteAsync(), $"commands for {connection.RemoteEndPoint}");
    }

    /// <summary>It cannot be used any more.</summary>
    public bool IsBroken => broken is not null;

    /// <summary>How many commands wait for their answer, those whose caller waits no more included.</summary>
    public int WaitingCount => waiting.Count;

    public static async Coroutine<RedisClient> ConnectAsync(string host, int port)
    {
        var client = new RedisClient(await Tcp.ConnectAsync(host, port));
        try
        {
            await client.CallAsync("HELLO", 3);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes a command. It goes out at the end of this turn, together with all others of the turn.</summary>
    /// <returns>The answer, an error included.</returns>
    /// <exception cref="RedisConnectionException">The connection is gone.</exception>
    public LoopFuture<Reply> Send(params ReadOnlySpan<Argument> command)
    {
        return Send(command, isOfChannel: false);
    }

    /// <summary>A command and its answer.</summary>
    /// <exception cref="RedisException">The server refuses it.</exception>
    /// <exception cref="RedisConnectionException">The connection is gone.</exception>
    public async Coroutine<Reply> CallAsync(params Argument[] command)
    {
        var reply = await Send(command);
        return reply.IsError ? throw new RedisException(reply.Text!) : reply;
    }

    public async Coroutine<string?> GetAsync(string key) => (await CallAsync("GET", key)).Text;

    public async Coroutine SetAsync(string key, Argument value) => await CallAsync("SET", key, value);

    public async Coroutine<long> IncrementAsync(string key) => (await CallAsync("INCR", key)).Number;

    /// <returns>How many have got it.</returns>
    public async Coroutine<long> PublishAsync(string channel, Argument message) => (await CallAsync("PUBLISH", channel, message)).Number;

    /// <summary>Listens to a channel, on this connection, beside its commands.</summary>
    /// <exception cref="InvalidOperationException">This client listens to it already.</exception>
    public async Coroutine<Subscription> SubscribeAsync(string channel)
    {
        var subscription = new Subscription(this, channel);
        if (!subscriptions.TryAdd(channel, subscription))
        {
            throw new InvalidOperationException($"This client listens to '{channel}' already.");
        }

        try
        {
            var reply = await Send(["SUBSCRIBE", channel], isOfChannel: true);
            if (reply.IsError)
            {
                subscriptions.Remove(channel);
                throw new RedisException(reply.Text!);
            }

            return subscription;
        }
        catch
        {
            Leave(subscription);
            throw;
        }
    }

    /// <summary>Closes the connection; who waits learns of it.</summary>
    public async ValueTask DisposeAsync()
    {
        Break(new RedisConnectionException("The client was closed."));
        reader.Cancel();
        writer.Cancel();
        await connection.DisposeAsync();
    }

    internal void Leave(Subscription subscription)
    {
        if (subscriptions.Remove(subscription.Channel) && !IsBroken)
        {
            Write(["UNSUBSCRIBE", subscription.Channel]);
            waiting.Enqueue(new Place(null, IsOfChannel: true));
        }
    }

    private LoopFuture<Reply> Send(ReadOnlySpan<Argument> command, bool isOfChannel)
    {
        if (waiting.Count >= MostWaiting)
        {
            throw new RedisException($"{MostWaiting} commands wait for their answers; the server is silent, or too slow.");
        }

        Write(command);
        var answer = new LoopFuture<Reply>();
        waiting.Enqueue(new Place(answer, isOfChannel));
        return answer;
    }

    private void Write(ReadOnlySpan<Argument> command)
    {
        if (broken is not null)
        {
            throw new RedisConnectionException(broken.Message, broken);
        }

        CommandWriter.Write(connection.Output, command);
        written.Set();
    }

    // Woken behind all that is ready in this turn: what they write goes out in one send.
    private async Coroutine WriteAsync()
    {
        try
        {
            while (true)
            {
                await written.WaitAsync();
                written.Clear();
                await connection.FlushAsync();
            }
        }
        catch (IOException failure)
        {
            Break(failure);
        }
    }

    private async Coroutine ReadAsync()
    {
        var parser = new ReplyParser();
        try
        {
            while (true)
            {
                var result = await connection.Input.ReadAsync();
                Take(parser, result.Buffer);
                if (result.IsCompleted)
                {
                    throw new RedisConnectionException($"{connection.RemoteEndPoint} has closed the connection.");
                }
            }
        }
        catch (IOException failure)
        {
            Break(failure);
            connection.Abort();
        }
    }

    private void Take(ReplyParser parser, ReadOnlySequence<byte> buffer)
    {
        var input = new SequenceReader<byte>(buffer);
        while (parser.TryRead(ref input, out var reply))
        {
            if (reply.Kind == ReplyKind.Push)
            {
                Deliver(reply);
            }
            else if (!waiting.TryDequeue(out var place))
            {
                throw new RedisProtocolException("an answer that nobody asked for");
            }
            else
            {
                place.Answer?.TrySetResult(reply);       // false: nobody waits for it any more
            }
        }

        connection.Input.AdvanceTo(input.Position, buffer.End);
    }

    private void Deliver(Reply push)
    {
        if (push.Items is not [var kind, var channel, var content, ..])
        {
            return;
        }

        switch (kind.Text)
        {
            case "subscribe" or "unsubscribe" when waiting.TryPeek(out var place) && place.IsOfChannel:
                waiting.Dequeue();
                place.Answer?.TrySetResult(push);
                break;
            case "message" when subscriptions.TryGetValue(channel.Text ?? "", out var subscription):      // else it was left meanwhile
                subscription.Add(content.Bytes!);
                break;
        }
    }

    private void Break(Exception failure)
    {
        if (broken is not null)
        {
            return;
        }

        broken = failure;
        while (waiting.TryDequeue(out var place))
        {
            place.Answer?.TrySetException(new RedisConnectionException(failure.Message, failure));
        }

        foreach (var subscription in subscriptions.Values)
        {
            subscription.Break(failure);
        }
    }

    /// <summary>Of a command in the order of answers. Commands for channels are confirmed by a push, which comes in the same order, but refused by an
    /// answer.</summary>
    private readonly record struct Place(LoopFuture<Reply>? Answer, bool IsOfChannel);
}
