using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EventLoop.Coroutines;
using EventLoop.Groups;
using EventLoop.Scheduling;
using EventLoop.Synchronization;
using EventLoop.Synchronization.Queues;

namespace EventLoop;

/// <summary>Messages for one loop from any thread: what loops that share nothing talk by. In order for each sender; one wake-up for however many.</summary>
/// <typeparam name="T">The type of the messages.</typeparam>
/// <remarks>
/// <para>Made on the loop that receives. Disposing it there, or that loop's end, refuses further and waiting messages with
/// <see cref="BrokenChannelException"/>; so does <see cref="Complete"/>.</para>
/// <para><b>Cost:</b> posting and receiving allocate nothing in the steady state, but for an object for each <see cref="PostAsync"/>.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class Mailbox<T> : IAsyncEnumerable<T>, IDisposable
{
    internal readonly LoopCore Home;
    internal readonly LoopBinding Binding;
    internal WaiterQueue Receivers;                 // loop thread

    private readonly MailboxLine<T> line;

    /// <summary>A mailbox of the running loop.</summary>
    /// <param name="capacity">Beyond it <see cref="TryPost"/> refuses and <see cref="PostAsync"/> waits; zero: unbounded.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public Mailbox(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Home = LoopCore.Required;
        Binding.Verify(Home, "Mailbox");
        line = new MailboxLine<T>(this, capacity);
    }

    internal MailboxLine<T> Line => line;

    /// <summary>Messages that nobody has received yet. Any thread may look; the loop's knows what is there.</summary>
    public int Count => line.Count;

    private string DebuggerText => $"{line.Count} messages for loop '{Home.Loop.Name}'";

    /// <summary>Posts a message if there is room. Any thread.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Whether it was taken in.</returns>
    /// <exception cref="BrokenChannelException">Nobody will receive it: the mailbox is completed or disposed, or its loop closed.</exception>
    public bool TryPost(T message) => line.TryPost(message);

    /// <summary>Posts a message, and waits for room first if there is none. Any loop.</summary>
    /// <param name="message">The message.</param>
    /// <remarks><b>Cancellation:</b> a sender leaves the line and its message is not sent; one that was
    /// taken in has succeeded. Nothing is sent before the await.</remarks>
    /// <exception cref="BrokenChannelException">Nobody will receive it: the mailbox is completed or
    /// disposed, or its loop closed; or was during the wait.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before its message was taken in.</exception>
    public Coroutine PostAsync(T message)
    {
        var made = MailboxPost<T>.Call(line, message);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "Mailbox.PostAsync") : made;
    }

    /// <summary>Waits for a message. Its own loop only, as all that follows.</summary>
    /// <returns>The next message.</returns>
    /// <remarks><b>Cancellation:</b> a receiver leaves the line; a message that it was given already is delivered.</remarks>
    /// <exception cref="EndOfChannelException">The mailbox is completed, and nothing is left.</exception>
    /// <exception cref="ObjectDisposedException">The mailbox is disposed, or was during the wait.</exception>
    /// <exception cref="InvalidOperationException">Awaited on another loop.</exception>
    public Coroutine<T> ReceiveAsync()
    {
        var made = MailboxReceive<T>.Call(this);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "Mailbox.ReceiveAsync") : made;
    }

    /// <summary>Takes a message if there is one.</summary>
    /// <param name="message">The next message.</param>
    /// <returns>Whether there was one.</returns>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public bool TryReceive([MaybeNullWhen(false)] out T message)
    {
        Home.VerifyAccess("Mailbox.TryReceive");
        return line.TryTake(out message, out var refusal) || (refusal is null ? false : throw refusal);
    }

    /// <summary>No more messages: posting throws <see cref="BrokenChannelException"/>, also to those who wait for room; what is there can still be received.
    /// Any thread; again does nothing.</summary>
    public void Complete() => line.Complete();

    /// <summary>Receives until the mailbox is completed and empty. Leaving early leaves it open.</summary>
    /// <param name="cancellationToken">Ends the enumeration, also while it waits, with an <see cref="OperationCanceledException"/>.</param>
    /// <remarks><b>Cancellation:</b> as for <see cref="ReceiveAsync"/>.</remarks>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new Drain(this, cancellationToken);

    /// <summary>Drops what is there, and refuses what comes and what waits. Disposing it again does nothing.</summary>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void Dispose()
    {
        if (!Home.Loop.IsClosed)
        {
            Home.VerifyAccess("Mailbox.Dispose");
        }

        line.Break();
        while (Receivers.TakeFirst() is { } receiver)
        {
            receiver.WakeWith(new ObjectDisposedException(nameof(Mailbox<>), "The mailbox was disposed while a task waited for a message."));
        }
    }

    private sealed class Drain(Mailbox<T> mailbox, CancellationToken token) : ItemEnumerator<T>(token)
    {
        protected override PooledWait<T> Take() => MailboxReceive<T>.Rent(mailbox);

        protected override bool IsOver => mailbox.line.IsEnded;

        protected override bool IsEnd(Exception exception) => exception is EndOfChannelException;
    }
}
