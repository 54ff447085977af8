using EventLoop.Synchronization.Channels;

namespace EventLoop;

/// <summary>A pipe of items between tasks, with a sending and a receiving half that are closed separately. Trio: <c>open_memory_channel</c>; AnyIO:
/// <c>create_memory_object_stream</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The capacity is explicit; 0 is a rendezvous: a sender waits until a receiver takes its item.</item>
/// <item>Each producer and each consumer has a clone of its half and disposes it. When all senders are disposed, receivers get what is left and then
/// <see cref="EndOfChannelException"/>; when all receivers are disposed, senders get <see cref="BrokenChannelException"/>.</item>
/// <item>First come, first served, on both sides; the Try forms overtake nobody. A hand-over is final: a received item is delivered, and a send whose item was
/// let in has succeeded, even if the task is cancelled before it runs; the cancellation is delivered at its next wait.</item>
/// <item>Disposing the last half of a side, or the half by which a task waits, wakes the waiters concerned exactly once.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it; for other threads see <see cref="AsyncBridge"/>. <b>Cost:</b> 0 bytes for each item in the steady
/// state, whether or not a call waits.</para>
/// </remarks>
public static class MemoryChannel
{
    /// <summary>Makes a channel and returns its first sender and its first receiver.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="capacity">How many items it holds before senders wait; 0: a rendezvous; <see cref="int.MaxValue"/>: unlimited.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    /// <example>
    /// <code>
    /// var (sender, receiver) = MemoryChannel.Create&lt;string&gt;(0);
    /// Loop.StartSoon(async () =&gt;
    /// {
    ///     using (sender)
    ///     {
    ///         await sender.SendAsync("one");
    ///         await sender.SendAsync("two");
    ///     }
    /// });
    /// await foreach (string item in receiver)
    /// {
    ///     Console.WriteLine(item);      // ends when the sender is disposed
    /// }
    /// </code>
    /// </example>
    public static (ChannelSender<T> Sender, ChannelReceiver<T> Receiver) Create<T>(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        var channel = new ChannelCore<T>(capacity);
        return (new ChannelSender<T>(channel), new ChannelReceiver<T>(channel));
    }
}
