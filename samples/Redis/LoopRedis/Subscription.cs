using System.Text;
using EventLoop;

namespace Redis.LoopRedis;

/// <summary>What comes on a channel: <c>await foreach (string message in subscription)</c>.</summary>
/// <remarks>One that does not read is ended when a thousand messages wait for it: it must not hold up its connection, nor fill the memory.</remarks>
internal sealed class Subscription(RedisClient client, string channel) : IAsyncEnumerable<string>, IDisposable
{
    private const int MostUnread = 1000;

    private readonly AsyncQueue<byte[]> messages = new(MostUnread);
    private Exception? broken;

    public string Channel => channel;

    /// <exception cref="RedisConnectionException">The connection is gone.</exception>
    /// <exception cref="RedisException">It was ended because nobody read it.</exception>
    public async IAsyncEnumerator<string> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await foreach (byte[] message in messages.WithCancellation(cancellationToken))
        {
            yield return Encoding.UTF8.GetString(message);
        }

        if (broken is not null)
        {
            throw broken;
        }
    }

    /// <summary>Listens no more.</summary>
    public void Dispose()
    {
        client.Leave(this);
        messages.Shutdown();
    }

    internal void Add(byte[] message)
    {
        if (!messages.TryPut(message))
        {
            broken = new RedisException($"{MostUnread} messages of '{channel}' were not read.");
            Dispose();
        }
    }

    internal void Break(Exception failure)
    {
        broken = new RedisConnectionException(failure.Message, failure);
        messages.Shutdown();
    }
}
