namespace EventLoop.Net.Connections;

// A file, or the handshake of TLS, has the sending direction to itself. What others put into the pipe meanwhile stays there until it has ended. The parts of a
// file that go through this process never enter the pipe: they go to the transport from where they are, and nothing can come between them.
internal sealed partial class OutputPipe
{
    private ReadOnlyMemory<byte> part;      // of a file: what the transport has not accepted of it
    private bool endsAfterPart;             // the transfer is over with that

    /// <summary>How much of the file it was given; that goes out, whether or not somebody waits for it.</summary>
    internal long Transferred { get; private set; }

    /// <summary>Called when everything before it is sent: a file goes next, and whatever is written meanwhile waits behind it.</summary>
    internal void BeginTransfer()
    {
        transferring = true;
        Transferred = 0;
    }

    /// <summary>Sends the next part of the file. True when the transport has all of it.</summary>
    /// <param name="bytes">Taken at the first call: they must not change until the transport has them, also where nobody waits for that any more.</param>
    internal bool TryTransfer(ref ReadOnlyMemory<byte> bytes)
    {
        if (failure is not null || owner.IsClosed)
        {
            throw failure is null ? owner.ClosedException() : Again(failure);
        }

        if (!bytes.IsEmpty)
        {
            (part, bytes) = (bytes, default);
            Transferred += part.Length;
        }

        bool isSent = SendPart();
        PeakUnsent = Math.Max(PeakUnsent, Unsent);
        return isSent;
    }

    /// <param name="broken">Why nothing can follow, because part of the file is missing; null otherwise.</param>
    internal void EndTransfer(Exception? broken)
    {
        if (broken is not null)
        {
            EndTransferNow();
            Fail(broken);
            return;
        }

        transferring = endsAfterPart = !part.IsEmpty;
        if (!draining)
        {
            draining = true;
            if (!ContinueDraining())
            {
                draining = false;
                EnsureDraining();
            }
        }
    }

    private void EndTransferNow()
    {
        transferring = false;
        endsAfterPart = false;
        part = default;
    }

    // False: the transport accepts no more at the moment.
    private bool SendPart()
    {
        SendDirectly(ref part);
        if (!part.IsEmpty)
        {
            return false;
        }

        transferring &= !endsAfterPart;
        endsAfterPart = false;
        return true;
    }
}
