using System.Threading.Channels;

namespace EventLoop;

/// <summary>Bridges between the channels of a loop and <see cref="System.Threading.Channels"/>, in both directions: how other threads send items to a loop and
/// take items from it, with back-pressure.</summary>
/// <remarks>
/// <para>Each bridge is a task on the running loop, which takes over the half it is given and disposes or completes it at the end. It holds up to one item
/// besides the capacity.</para>
/// <para>Without items no bridge is needed: from other threads a primitive is used through <see cref="Loop.Post(Action)"/>, as in <c>loop.Post(ready.Set)</c>
/// or <c>loop.Post(() => semaphore.Release())</c>, and awaited through <c>loop.Submit(...)</c>. Primitives deliberately contain no locks.</para>
/// <para><b>Thread:</b> called on the loop's thread; the resulting <see cref="ChannelReader{T}"/> or <see cref="ChannelWriter{T}"/> may be used on any.
/// <b>Cancellation:</b> the end of the loop's run ends the bridge: the other side sees the cancellation as the reason of the completion.</para>
/// </remarks>
public static class AsyncBridge
{
    /// <summary>Makes a reader, for any thread, of what is received on the loop.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="receiver">Disposed when the bridge ends.</param>
    /// <param name="capacity">How many items wait for the readers before the bridge does.</param>
    /// <returns>A reader that completes when the channel ends.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is less than one.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static ChannelReader<T> ToChannelReader<T>(this ChannelReceiver<T> receiver, int capacity = 16)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        var channel = NewChannel<T>(capacity, singleWriter: true);
        Loop.CreateTask(ReceiveInto(receiver, channel.Writer), "bridge to a ChannelReader");
        return channel.Reader;
    }

    /// <summary>Makes a writer, for any thread, whose items are sent on the loop.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="sender">Disposed once the writer is completed and everything is sent.</param>
    /// <param name="capacity">How many items wait for the bridge before writers do.</param>
    /// <returns>A writer that is completed with a <see cref="BrokenChannelException"/> when an item cannot be sent, because all receivers are gone. That item
    /// and those behind it, up to <paramref name="capacity"/>, are lost.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is less than one.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static ChannelWriter<T> ToChannelWriter<T>(this ChannelSender<T> sender, int capacity = 16)
    {
        ArgumentNullException.ThrowIfNull(sender);
        var channel = NewChannel<T>(capacity, singleWriter: false);
        Loop.CreateTask(SendOwn(channel, sender), "bridge from a ChannelWriter");
        return channel.Writer;

        static async Coroutine SendOwn(Channel<T> channel, ChannelSender<T> sender)
        {
            try
            {
                await SendFrom(channel.Reader, sender);
            }
            catch (BrokenChannelException broken)
            {
                channel.Writer.TryComplete(broken);
            }
            catch (Exception exception)
            {
                channel.Writer.TryComplete(exception);
                throw;
            }
        }
    }

    /// <summary>Makes a receiver, on this loop, of what a reader provides.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="reader">Read until it completes, or until all receivers are disposed; then one item may have been taken from it that nobody
    /// receives.</param>
    /// <param name="capacity">How many items wait for the receivers before the bridge does; 0: a rendezvous.</param>
    /// <returns>A receiver whose channel ends when the reader completes; a failure of the reader goes to the loop's exception handler.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static ChannelReceiver<T> ToReceiver<T>(this ChannelReader<T> reader, int capacity = 0)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (sender, receiver) = MemoryChannel.Create<T>(capacity);
        Loop.CreateTask(SendUntilBroken(reader, sender), "bridge from a ChannelReader");
        return receiver;

        static async Coroutine SendUntilBroken(ChannelReader<T> reader, ChannelSender<T> sender)
        {
            try
            {
                await SendFrom(reader, sender);
            }
            catch (BrokenChannelException)
            {
                // Nobody wants more; the reader remains its owner's.
            }
        }
    }

    /// <summary>Makes a sender, on this loop, whose items go to a writer.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="writer">Completed once all senders are disposed and everything is written.</param>
    /// <param name="capacity">How many items wait for the bridge before senders do; 0: a rendezvous with the bridge.</param>
    /// <returns>A sender whose channel is broken when an item cannot be written, because somebody else has completed the writer. That item is lost.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static ChannelSender<T> ToSender<T>(this ChannelWriter<T> writer, int capacity = 0)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var (sender, receiver) = MemoryChannel.Create<T>(capacity);
        Loop.CreateTask(ReceiveInto(receiver, writer), "bridge to a ChannelWriter");
        return sender;
    }

    private static Channel<T> NewChannel<T>(int capacity, bool singleWriter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        return Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleWriter = singleWriter, SingleReader = !singleWriter });
    }

    private static async Coroutine ReceiveInto<T>(ChannelReceiver<T> receiver, ChannelWriter<T> writer)
    {
        using (receiver)
        {
            try
            {
                await foreach (var item in receiver)
                {
                    if (!writer.TryWrite(item))
                    {
                        await writer.WriteAsync(item).OnLoop();
                    }
                }

                writer.TryComplete();
            }
            catch (ChannelClosedException)
            {
                // Completed from outside: the senders are notified, because the receiver is disposed now.
            }
            catch (Exception exception)
            {
                writer.TryComplete(exception);
                throw;
            }
        }
    }

    private static async Coroutine SendFrom<T>(ChannelReader<T> reader, ChannelSender<T> sender)
    {
        using (sender)
        {
            while (await reader.WaitToReadAsync().OnLoop())
            {
                while (reader.TryRead(out var item))
                {
                    await sender.SendAsync(item);
                }
            }
        }
    }
}
