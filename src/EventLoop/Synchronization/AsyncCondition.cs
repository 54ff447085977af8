using System.Diagnostics;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Waits, under a lock, for a state that others bring about. asyncio: <c>Condition</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><see cref="WaitAsync"/> releases the lock while it waits, and holds it again whenever it ends, even by a cancellation, which is delivered
/// afterwards.</item>
/// <item>A waiter that was notified returns normally, even if it is cancelled before it has the lock back; one that was cancelled first takes the lock back
/// and throws. So no notification is lost.</item>
/// <item>Waiters are notified in order of arrival, and queue for the lock behind those who wait for it already.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it. <b>Cost:</b> 0 bytes; a notified waiter is moved to the lock's line and woken once.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class AsyncCondition
{
    private readonly AsyncLock mutex;
    internal WaiterQueue Waiters;
    internal LoopBinding Binding;

    /// <summary>Makes a condition.</summary>
    /// <param name="mutex">The lock that it works under, which several conditions may share; null: a lock of its own.</param>
    public AsyncCondition(AsyncLock? mutex = null) => this.mutex = mutex ?? new AsyncLock();

    /// <summary>The lock that it works under.</summary>
    public AsyncLock Lock => mutex;

    /// <summary>Whether its lock is held.</summary>
    public bool IsLocked => mutex.IsLocked;

    /// <summary>Who waits to be notified, and who holds the lock, at this moment. Those who were notified and want the lock back are in the statistics of the
    /// lock.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            Binding.Verify("AsyncCondition.Statistics");
            return new(Waiters.Count, Waiters.Tasks, mutex.Owner);
        }
    }

    private string DebuggerText => $"{(mutex.IsLocked ? "locked" : "unlocked")}, {Waiters.Count} waiting";

    /// <inheritdoc cref="AsyncLock.AcquireAsync"/>
    public Coroutine<Releaser> AcquireAsync() => mutex.AcquireAsync();

    /// <inheritdoc cref="AsyncLock.TryAcquire()"/>
    public bool TryAcquire() => mutex.TryAcquire();

    /// <inheritdoc cref="AsyncLock.TryAcquire(out Releaser)"/>
    public bool TryAcquire(out Releaser releaser) => mutex.TryAcquire(out releaser);

    /// <inheritdoc cref="AsyncLock.Release"/>
    public void Release() => mutex.Release();

    /// <summary>Releases the lock, waits to be notified, and takes the lock back.</summary>
    /// <remarks>
    /// <para><b>Cancellation:</b> before the notification, the lock is taken back and then the cancellation is thrown; after it, the cancellation is delivered
    /// at the next wait. One that is pending at the call is thrown with the lock held throughout.</para>
    /// <para>The acquisition continues after the wait: a <see cref="Releaser"/> from before it, as of the surrounding <c>using</c> block, remains
    /// valid.</para>
    /// <para><b>Cost:</b> 0 bytes.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">The lock is not held.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it was notified.</exception>
    public Coroutine WaitAsync()
    {
        var wait = NotificationWait.Rent(this);
        return OperationWatch.IsOn ? OperationWatch.Over(new Coroutine(wait, wait.Token), "AsyncCondition.WaitAsync") : new(wait, wait.Token);
    }

    /// <summary>Waits until <paramref name="predicate"/> holds; it is evaluated at once and after each notification, always under the lock. asyncio:
    /// <c>wait_for</c>.</summary>
    /// <param name="predicate">The condition to wait for. An exception is thrown to the caller, with the lock held.</param>
    /// <remarks><b>Cancellation:</b> as for <see cref="WaitAsync"/>. <b>Cost:</b> 0 bytes besides the delegate.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="predicate"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The lock is not held.</exception>
    public Coroutine WaitForAsync(Func<bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return Wait(this, predicate);

        static async Coroutine Wait(AsyncCondition condition, Func<bool> predicate)
        {
            await new Coroutine(CheckPointSource.Instance, 0);
            condition.RequireLock("AsyncCondition.WaitForAsync");
            while (!predicate())
            {
                await condition.WaitAsync();
            }
        }
    }

    /// <summary>Notifies the first <paramref name="count"/> waiters, which resume once they have the lock back.</summary>
    /// <param name="count">How many; fewer if fewer wait.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than one.</exception>
    /// <exception cref="InvalidOperationException">The lock is not held, or this is not the loop's thread.</exception>
    public void Notify(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Binding.Verify("AsyncCondition.Notify");
        RequireLock("AsyncCondition.Notify");
        for (; count > 0 && Waiters.TakeFirst() is { } waiter; count--)
        {
            ((NotificationWait)waiter.Target!).OnNotified(waiter);
        }
    }

    /// <summary>Notifies all current waiters, which resume once they have the lock back.</summary>
    /// <exception cref="InvalidOperationException">The lock is not held, or this is not the loop's thread.</exception>
    public void NotifyAll() => Notify(int.MaxValue);

    private void RequireLock(string member)
    {
        mutex.VerifyLoop(member);
        if (!mutex.IsLocked)
        {
            throw Unlocked();
        }

        mutex.VerifyHolder();
    }

    internal static InvalidOperationException Unlocked() => new(
        "A condition is waited for and notified under its lock, and the lock is not held. Acquire it first: using (await condition.AcquireAsync()) { ... }");
}
