using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

// A file, or the handshake of TLS, has the sending direction to itself. What others put into the pipe meanwhile stays there until it has ended. The parts of a
// file that go through this process never enter the pipe: they go to the transport from where they are, and nothing can come between them.
internal sealed partial class OutputPipe
{
    private FileParts? file;      // made for the first one: most connections send none

    /// <summary>How much of the file it was given; that goes out, whether or not somebody waits for it.</summary>
    internal long Transferred => file?.Given ?? 0;

    /// <summary>Called when everything before it is sent: a file goes next, and whatever is written meanwhile waits behind it.</summary>
    internal void BeginTransfer()
    {
        transferring = true;
        file?.Given = 0;
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
            file ??= new FileParts();
            (file.Part, bytes) = (bytes, default);
            file.Given += file.Part.Length;
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

        transferring = file is { Part.IsEmpty: false };
        file?.IsLast = transferring;
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
        file?.IsLast = false;
        file?.Part = default;
    }

    // False: the transport accepts no more at the moment.
    private bool SendPart()
    {
        if (file is null)
        {
            return true;
        }

        SendDirectly(ref file.Part);
        if (!file.Part.IsEmpty)
        {
            return false;
        }

        transferring &= !file.IsLast;
        file.IsLast = false;
        return true;
    }

    private sealed class FileParts
    {
        internal ReadOnlyMemory<byte> Part;      // what the transport has not accepted of it
        internal WaitNode? Waiting;              // for that, ahead of all others
        internal long Given;
        internal bool IsLast;                    // the transfer is over with that part
    }
}
