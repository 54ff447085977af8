using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EventLoop.Coroutines;
using EventLoop.Groups;
using EventLoop.Scheduling;
using EventLoop.Synchronization;
using EventLoop.Synchronization.Queues;

namespace EventLoop;

/// <summary>Messages for one loop from any thread: how loops that share nothing communicate. In order for each sender; one wake-up for any number of
/// messages.</summary>
/// <typeparam name="T">The type of the messages.</typeparam>
/// <remarks>
/// <para>Made on the receiving loop. Disposing it there, or the end of that loop, refuses further and waiting messages with
/// <see cref="BrokenChannelException"/>; so does <see cref="Complete"/>.</para>
/// <para><b>Cost:</b> posting and receiving allocate nothing in the steady state, except one object for each <see cref="PostAsync"/>.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class Mailbox<T> : IAsyncEnumerable<T>, IDisposable
{
    internal readonly LoopCore Home;
    internal readonly LoopBinding Binding;
    internal WaiterQueue Receivers;                 // loop thread

    private readonly MailboxLine<T> line;

    /// <summary>Makes a mailbox of the running loop.</summary>
    /// <param name="capacity">How many messages it holds before <see cref="TryPost"/> refuses and <see cref="PostAsync"/> waits; zero: unlimited.</param>
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

    /// <summary>How many messages nobody has received yet. Any thread; exact on the loop's.</summary>
    public int Count => line.Count;

    private string DebuggerText => $"{line.Count} messages for loop '{Home.Loop.Name}'";

    /// <summary>Posts a message if there is room. Any thread.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Whether it was accepted.</returns>
    /// <exception cref="BrokenChannelException">Nobody will receive it: the mailbox is completed or disposed, or its loop closed.</exception>
    public bool TryPost(T message) => line.TryPost(message);

    /// <summary>Posts a message, after waiting for room if necessary. Any loop.</summary>
    /// <param name="message">The message.</param>
    /// <remarks><b>Cancellation:</b> a cancelled sender leaves the line and its message is not sent; one whose message was accepted already has succeeded.
    /// Nothing is sent before the await.</remarks>
    /// <exception cref="BrokenChannelException">Nobody will receive it: the mailbox is completed or disposed, or its loop closed, possibly during the
    /// wait.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before its message was accepted.</exception>
    public Coroutine PostAsync(T message)
    {
        var made = MailboxPost<T>.Call(line, message);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "Mailbox.PostAsync") : made;
    }

    /// <summary>Waits for a message. On its own loop only, like the members below.</summary>
    /// <returns>The next message.</returns>
    /// <remarks><b>Cancellation:</b> a cancelled receiver leaves the line; a message that it was given already is delivered.</remarks>
    /// <exception cref="EndOfChannelException">The mailbox is completed, and nothing is left.</exception>
    /// <exception cref="ObjectDisposedException">The mailbox is disposed, or was disposed during the wait.</exception>
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

    /// <summary>Accepts no more messages: posting throws <see cref="BrokenChannelException"/>, also for senders that wait for room; messages that are there
    /// can still be received. Any thread; idempotent.</summary>
    public void Complete() => line.Complete();

    /// <summary>Receives messages until the mailbox is completed and empty. Leaving the loop early leaves it open.</summary>
    /// <param name="cancellationToken">Ends the enumeration, even while it waits, with an <see cref="OperationCanceledException"/>.</param>
    /// <remarks><b>Cancellation:</b> as for <see cref="ReceiveAsync"/>.</remarks>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new Drain(this, cancellationToken);

    /// <summary>Drops the messages that are there, and refuses waiting and further ones. Idempotent.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
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
