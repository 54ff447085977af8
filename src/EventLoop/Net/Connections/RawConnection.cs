using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>
/// A connection for a library with its own threading rules: both pipes may be used from any thread, a read resumes on the loop, raw, and a flush goes out at
/// the end of the turn. Nobody reads while such a library works on something, so a client that has gone meanwhile is noticed by a watch in the reader's place.
/// </summary>
/// <remarks>Loop thread, except for what says otherwise.</remarks>
internal abstract class RawConnection
{
    // Beyond this, nothing more is read just to see whether an end follows.
    private const int MostAhead = 64 * 1024;

    // How long a client may take nothing of the rest of its answer, while its connection is closed already: nginx's send_timeout.
    private static readonly TimeSpan ClosePeriod = TimeSpan.FromSeconds(60);

    private readonly Watch watch;
    private bool isWatching;
    private bool wantsWatch;
    private int isGone;                // any thread

    private protected RawConnection(Connection connection)
    {
        Connection = connection;
        watch = new Watch(this);
        Input = new RawInput(this);
        Output = new RawOutput(this);
    }

    internal Connection Connection { get; }

    internal LoopCore Core => Connection.Core;

    internal RawInput Input { get; }

    internal RawOutput Output { get; }

    /// <summary>Whether the peer is gone, or the connection was given up. Any thread.</summary>
    internal bool IsGone => Volatile.Read(ref isGone) != 0;

    /// <summary>Whether a read that ends now resumes on the thread pool, because what follows it is expensive. Any thread.</summary>
    private protected virtual bool ResumesOnPool => false;

    /// <summary>The exception that a read throws in place of one of the loop's own.</summary>
    private protected abstract Exception Explain(Exception failure);

    /// <summary>Called in the step in which a read ends, before its reader resumes. Loop thread.</summary>
    private protected virtual void OnReadEnded()
    {
    }

    /// <summary>Called once, when it is known that the peer is gone, or the connection was given up.</summary>
    private protected abstract void OnGone();

    internal bool ResumesElsewhere => ResumesOnPool;

    internal void NoteReadEnded() => OnReadEnded();

    internal Exception Translate(Exception failure) => Explain(failure);

    /// <summary>Closes it in order. Returns a future that always succeeds, when it is closed; null: it is.</summary>
    internal LoopFuture? Close()
    {
        StopWatch();
        Input.Stop(Connection.ClosedException());
        Output.FlushNow();
        var end = Connection.Close(ClosePeriod);
        Gone();
        return end;
    }

    /// <summary>Closes it with a reset.</summary>
    internal void Abort()
    {
        StopWatch();
        Input.Stop(Connection.ClosedException());
        Output.FlushNow();
        Connection.CloseNow(abort: true);
        Gone();
    }

    /// <summary>Called when a reader or writer has met the end.</summary>
    internal void Gone()
    {
        if (Interlocked.Exchange(ref isGone, 1) == 0)
        {
            OnGone();
        }
    }

    /// <summary>The same once the reader has run: it may still answer what had come before the end, for example that it is no request, and whoever is told that
    /// the peer is gone answers nothing.</summary>
    internal void GoneAfterStep()
    {
        if (!ReferenceEquals(LoopCore.Running, Core))
        {
            Gone();
        }
        else if (!IsGone)
        {
            Core.Ready.Enqueue(watch);
        }
    }

    // ---- Noticing that the peer has gone

    /// <summary>Notices hang-ups from now on, whenever nobody reads.</summary>
    internal void StartWatch()
    {
        wantsWatch = true;
        Resume();
    }

    internal void StopWatch()
    {
        wantsWatch = false;
        Pause();
    }

    /// <summary>Called when a read is about to begin.</summary>
    internal void Pause()
    {
        if (isWatching)
        {
            isWatching = false;
            Connection.Transport.Leave(watch, reads: true);
        }
    }

    /// <summary>Called when a read has ended.</summary>
    internal void Resume()
    {
        if (!wantsWatch || isWatching || Connection.IsClosed || IsGone)
        {
            return;
        }

        if (Connection.Transport.MayBeHungUp && LooksGone())
        {
            Gone();
            return;
        }

        isWatching = Connection.Transport.TryWatch(watch);
    }

    // Whether an end follows what has arrived, which is kept for the reader.
    private bool LooksGone()
    {
        var pipe = Connection.In;
        try
        {
            while (pipe.Buffered < MostAhead && pipe.Try(InputKind.More, default, out _))
            {
                if (pipe.HasEnded)
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            return true;
        }
    }

    /// <summary>Waits in the reader's place while nobody reads.</summary>
    private sealed class Watch(RawConnection owner) : SocketWaiter
    {
        private readonly bool tellsHangUps = owner.Connection.Transport.ReportsHangUps;

        internal override bool TryAgain()
        {
            var connection = owner.Connection;
            if (!connection.Transport.MayBeHungUp && tellsHangUps)
            {
                return false;
            }

            if (!owner.LooksGone())
            {
                // Where hang-ups are not told apart, and as much has arrived as allowed, nothing more is read.
                owner.isWatching = tellsHangUps || connection.In.Buffered < MostAhead;
                return !owner.isWatching;
            }

            owner.isWatching = false;
            owner.Core.Ready.Enqueue(this);
            return true;
        }

        internal override void OnClosed(Exception reason)
        {
            owner.isWatching = false;
            owner.Core.Ready.Enqueue(this);
        }

        internal override void Execute() => owner.Gone();

        internal override void OnRejected(LoopCore core) => owner.Gone();
    }
}
