using System.Net;
using System.Net.Sockets;
using EventLoop.Combining;
using EventLoop.Net.Sockets;
using EventLoop.Tasks;

namespace EventLoop.Net;

/// <summary>Accepts connections from a listener while there is room for them, until it is stopped. Loop thread only, except
/// <see cref="WaitsForRoom"/>.</summary>
internal abstract class Acceptor
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly LoopSocket listener;
    private readonly Action? onClosed;
    private readonly LoopTask accepting;
    private readonly Complaints complaints = new();
    private volatile LoopFuture? room;      // any thread checks whether there is one

    /// <param name="listener">Belongs to the running loop.</param>
    /// <param name="onClosed">Called once, when the listener was closed by <see cref="Stop"/>.</param>
    private protected Acceptor(LoopSocket listener, Action? onClosed)
    {
        this.listener = listener;
        this.onClosed = onClosed;
        EndPoint = listener.LocalEndPoint!;
        accepting = Loop.CreateTask(AcceptAsync(), $"accept on {SocketErrors.Text(EndPoint)}");
        accepting.Watch(new EndWatcher(this));
    }

    internal EndPoint EndPoint { get; }

    internal bool IsStopping { get; private set; }

    /// <summary>Whether it has stopped, and nothing of it is left.</summary>
    internal bool IsOver => accepting.IsCompleted;

    internal long AcceptedCount { get; private set; }

    /// <summary>Whether it needs a call of <see cref="NoteRoom"/>. Any thread: whoever makes room checks this afterwards, and the acceptor checks for room
    /// once more after setting it.</summary>
    internal bool WaitsForRoom => room is not null;

    private protected abstract bool HasRoom { get; }

    /// <summary>Takes a place for a new connection if there is one; where several acceptors share the places, another may have been faster.</summary>
    private protected virtual bool TryEnter() => true;

    private protected abstract void Serve(LoopSocket accepted);

    private protected virtual void OnOver() { }

    internal void VerifyAccess(string member) => listener.Core.VerifyAccess(member);

    internal void NoteRoom() => room?.TrySetResult();

    /// <summary>Closes the listener. Idempotent.</summary>
    internal void Stop()
    {
        if (!IsStopping)
        {
            IsStopping = true;
            listener.Close();
            room?.TrySetResult();
            onClosed?.Invoke();
        }
    }

    /// <summary>After <see cref="Stop"/>: waits until nothing of it is left, which is soon.</summary>
    internal async Coroutine WaitForEnd() => await Loop.Wait([accepting]);

    private async Coroutine AcceptAsync()
    {
        while (!IsStopping)
        {
            if (!HasRoom)
            {
                await WaitForRoom();
                continue;
            }

            try
            {
                var accepted = await listener.AcceptAsync();
                while (!IsStopping && !TryEnter())
                {
                    await WaitForRoom();
                }

                if (IsStopping)
                {
                    accepted.Abort();      // it arrived in the turn of the stop
                    return;
                }

                AcceptedCount++;
                Serve(accepted);
            }
            catch (ObjectDisposedException) when (IsStopping || listener.IsClosed)
            {
                return;
            }
            catch (Exception failure) when (failure is SocketException or IOException)
            {
                // Usually no descriptors or memory: waiting clients stay in the backlog until something is free again.
                Complain(failure);
                room = Loop.Current.CreateFuture();
                await Loop.Wait([room], RetryDelay);
                room = null;
            }
        }
    }

    private async Coroutine WaitForRoom()
    {
        var waiting = Loop.Current.CreateFuture();
        room = waiting;
        Interlocked.MemoryBarrier();
        if (!HasRoom)
        {
            await waiting;
        }

        room = null;
    }

    private void Complain(Exception failure)
    {
        if (!complaints.IsDue(Loop.Current.Time, out long untold))
        {
            return;
        }

        string before = untold > 0 ? $" ({untold} more failures since the last report)" : "";
        Loop.Current.CallExceptionHandler(new LoopExceptionContext($"The server on {SocketErrors.Text(EndPoint)} cannot accept for now, and tries "
            + $"again{before}", failure));
    }

    /// <summary>Observes the end of accepting.</summary>
    private sealed class EndWatcher(Acceptor acceptor) : CompletionObserver
    {
        internal override void OnEnded(LoopAwaitable ended) => acceptor.OnOver();
    }
}
