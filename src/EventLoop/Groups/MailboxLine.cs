using System.Diagnostics.CodeAnalysis;
using EventLoop.Scheduling;
using EventLoop.Synchronization.Queues;
using EventLoop.Tasks;

namespace EventLoop.Groups;

/// <summary>
/// What senders on any thread and the receiving loop share of a mailbox: the messages, and the senders that wait for room. At most one notification is on its
/// way to the loop, and only while somebody waits there.
/// </summary>
internal sealed class MailboxLine<T> : LoopItem, IOutsideWait
{
    private enum Stage : byte
    {
        Open,
        Completed,
        Disposed,
    }

    private readonly Mailbox<T> mailbox;
    private readonly LoopCore home;
    private readonly int capacity;
    private readonly Lock gate = new();       // any thread posts; held for a few instructions, never across a call of foreign code
    private ItemRing<T> messages;             // guarded by the gate, like the fields below
    private IntrusiveList<MailboxPost<T>> waiting;      // senders, for room
    private Stage stage;
    private bool isAwaited;                   // a receiver is parked
    private bool isOnItsWay;                  // this item is on its way to the loop

    internal MailboxLine(Mailbox<T> mailbox, int capacity)
    {
        this.mailbox = mailbox;
        this.capacity = capacity;
        home = mailbox.Home;
        Context = home.BaseContext;
    }

    /// <summary>The mailbox, for the live view.</summary>
    internal Mailbox<T> Mailbox => mailbox;

    internal int Count
    {
        get
        {
            lock (gate)
            {
                return messages.Count;
            }
        }
    }

    internal bool IsEnded
    {
        get
        {
            lock (gate)
            {
                return stage == Stage.Completed && messages.Count == 0;
            }
        }
    }

    private bool IsFull => capacity > 0 && messages.Count >= capacity;

    // ---- Senders: any thread

    internal bool TryPost(T message)
    {
        bool tells;
        lock (gate)
        {
            if (RefusalToPost() is { } refusal)
            {
                throw refusal;
            }

            if (IsFull)
            {
                return false;
            }

            tells = Add(message);
        }

        TellIf(tells);
        return true;
    }

    /// <summary>Accepts a message, refuses it, or lets it wait.</summary>
    /// <returns>False: it has to wait; with <paramref name="waits"/> it is in the line now.</returns>
    internal bool TryEnter(MailboxPost<T> post, bool waits, out Exception? refusal)
    {
        bool tells;
        lock (gate)
        {
            refusal = RefusalToPost();
            if (refusal is not null)
            {
                return true;
            }

            if (IsFull)
            {
                if (waits)
                {
                    Append(post);
                }

                return false;
            }

            tells = Add(post.Message!);
        }

        TellIf(tells);
        return true;
    }

    /// <summary>Called after it has begun to wait: a loop that closes at this moment may not have seen it.</summary>
    internal void VerifyHome()
    {
        if (home.Loop.IsClosed)
        {
            Break();
        }
    }

    /// <summary>False: its outcome is on its way.</summary>
    internal bool TryLeave(MailboxPost<T> post)
    {
        lock (gate)
        {
            if (!post.IsWaiting)
            {
                return false;
            }

            Remove(post);
            return true;
        }
    }

    internal void Complete() => End(Stage.Completed);

    /// <summary>Called when nobody receives any more.</summary>
    internal void Break() => End(Stage.Disposed);

    void IOutsideWait.Fail(Exception failure) => Break();      // its loop is closed

    private void End(Stage how)
    {
        IntrusiveList<MailboxPost<T>> refused = default;
        bool tells;
        lock (gate)
        {
            if (stage >= how)
            {
                return;
            }

            stage = how;
            if (how == Stage.Disposed)
            {
                messages.Clear();
            }

            while (waiting.TakeFirst() is { } post)
            {
                post.Refusal = Broken();
                post.IsWaiting = false;
                refused.Add(post);
            }

            EndWatch();
            tells = how == Stage.Completed && isAwaited && !isOnItsWay;
            isOnItsWay |= tells;
        }

        while (refused.TakeFirst() is { } post)
        {
            post.Return();
        }

        TellIf(tells);
    }

    private BrokenChannelException? RefusalToPost() => stage != Stage.Open || home.Loop.IsClosed ? Broken() : null;

    private BrokenChannelException Broken() => new(stage == Stage.Completed
        ? "The mailbox was completed: no more messages are taken."
        : home.Loop.IsClosed ? $"The loop of the mailbox, '{home.Loop.Name}', is closed: nobody will receive the message."
        : "The mailbox was disposed: nobody will receive the message.");

    private bool Add(T message)
    {
        messages.Add(message);
        bool tells = isAwaited && !isOnItsWay;
        isOnItsWay |= tells;
        return tells;
    }

    private void TellIf(bool tells)
    {
        if (tells && !home.TryPost(this))
        {
            Break();
        }
    }

    // ---- The receiving loop

    /// <summary>False with a refusal: no message will come, or the mailbox is disposed.</summary>
    internal bool TryTake([MaybeNullWhen(false)] out T message, out Exception? refusal)
    {
        if (!mailbox.Receivers.IsEmpty)
        {
            ServeWaiting(home);      // first come, first served: whoever waits has not heard yet of what is there
        }

        MailboxPost<T>? taken = null;
        lock (gate)
        {
            bool isThere = messages.TryTake(out message);
            refusal = isThere ? null : RefusalToReceive();
            if (isThere)
            {
                taken = Refill();
            }
            else if (refusal is null)
            {
                return false;
            }
        }

        taken?.Return();
        return refusal is null;
    }

    /// <summary>Called when a receiver is parked: it is notified of new messages, and of those that have come since it looked.</summary>
    internal void Await()
    {
        bool tells;
        lock (gate)
        {
            isAwaited = true;
            tells = !isOnItsWay && (messages.Count > 0 || stage != Stage.Open);
            isOnItsWay |= tells;
        }

        TellIf(tells);
    }

    /// <summary>Messages have come: the waiting receivers get them.</summary>
    internal override void OnArrived(LoopCore core)
    {
        // Only here, at the beginning: what is posted from now on may send this item again, and it is in no list twice.
        lock (gate)
        {
            isOnItsWay = false;
        }

        ServeWaiting(core);
    }

    private void ServeWaiting(LoopCore core)
    {
        while (true)
        {
            MailboxPost<T>? taken;
            lock (gate)
            {
                isAwaited = !mailbox.Receivers.IsEmpty;
                if (!isAwaited)
                {
                    return;
                }

                if (!messages.TryTake(out var message))
                {
                    if (RefusalToReceive() is null)
                    {
                        return;
                    }

                    break;
                }

                taken = Refill();
                var receiver = mailbox.Receivers.TakeFirst()!;
                ((MailboxReceive<T>)receiver.Target!).Result = message;
                receiver.Wake(core);
            }

            taken?.Return();
        }

        while (mailbox.Receivers.TakeFirst() is { } receiver)
        {
            receiver.WakeWith(core, NothingMore());
        }
    }

    internal override void Execute() => throw new InvalidOperationException("A mailbox is notified, never run.");

    internal override void OnRejected(LoopCore core) => Break();

    private Exception? RefusalToReceive() => stage switch
    {
        Stage.Completed => NothingMore(),
        Stage.Disposed => new ObjectDisposedException(nameof(Mailbox<>)),
        _ => null,
    };

    private static EndOfChannelException NothingMore() => new("The mailbox was completed and is empty: there is nothing more to receive.");

    // Gives the freed room to the first waiting sender.
    private MailboxPost<T>? Refill()
    {
        if (waiting.First is not { } post)
        {
            return null;
        }

        Remove(post);
        messages.Add(post.Message!);
        return post;
    }

    // ---- The line of senders that wait for room

    private void Append(MailboxPost<T> post)
    {
        if (waiting.IsEmpty)
        {
            home.Loop.OutsideWaits.Add(this);
        }

        waiting.Add(post);
        post.IsWaiting = true;
    }

    private void Remove(MailboxPost<T> post)
    {
        waiting.Remove(post);
        post.IsWaiting = false;
        if (waiting.IsEmpty)
        {
            EndWatch();
        }
    }

    private void EndWatch() => home.Loop.OutsideWaits.TryTake(this);
}
