using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

// What the transport did not accept at once is sent when it does.
internal sealed partial class OutputPipe
{
    private Drain? drain;        // made when a peer is slow for the first time
    private bool draining;       // the transport will notify it when it accepts more

    internal void LeaveTransport()
    {
        if (draining)
        {
            draining = false;
            owner.Transport.Leave(drain!, reads: false);
        }
    }

    // Sends as much as possible, and has the rest sent later.
    private void Send()
    {
        if (!SendWhatGoes())
        {
            EnsureDraining();
        }
    }

    private void Sent(int count)
    {
        unsent -= count;
        bool isLent = loan is not null && ReferenceEquals(loan, blocks.Tail);
        blocks.Consume(count, owner.Buffers, keepLast: isLent);
        if (unsent == 0 && !isLent)
        {
            Clear();
        }

        AssertInvariants();
    }

    private void EnsureDraining()
    {
        if (draining || owner.IsClosed)
        {
            return;
        }

        draining = true;
        if (owner.Transport.Wait(drain ??= new Drain(this), reads: false) is { } refused)
        {
            draining = false;
            Fail(refused);
        }
    }

    // Called when the transport may accept more. True if there is nothing more to wait for.
    private bool ContinueDraining()
    {
        try
        {
            bool blocked = false;
            while (!blocked)
            {
                blocked = (transferring && !SendPart()) || (!transferring && !SendWhatGoes());
                bool moved = false;
                while ((transferring || unsent <= LowWater) && Next is { } node && Operation(node) is var operation && operation.TryContinue())
                {
                    Leave(node);
                    operation.End();
                    moved = true;
                }

                if ((transferring || unsent == 0) && (!moved || Next is null))
                {
                    break;
                }
            }

            draining = blocked || Next is not null;
            EndIfSent();
            return !draining;
        }
        catch (Exception broken)
        {
            draining = false;
            Fail(broken);
            return true;
        }
    }

    private WaitNode? Next => transferring ? file?.Waiting : waiting.First;

    // False: the transport accepts no more at the moment.
    private bool SendWhatGoes()
    {
        unflushed = 0;
        while (unsent > 0)
        {
            int count = owner.Transport.TrySend(blocks.Head!, blocks.Start);
            if (count == StreamDevice.WouldBlock)
            {
                return false;
            }

            if (count < 0)
            {
                throw Broken(count);
            }

            Sent(count);
        }

        return true;
    }

    private void EndIfSent()
    {
        if (completed && IsEmpty && failure is null && !owner.IsClosed)
        {
            owner.Transport.ShutdownSend();
        }
    }

    /// <summary>Waits for the transport on behalf of what is in the pipe.</summary>
    private sealed class Drain(OutputPipe pipe) : SocketWaiter
    {
        internal override bool TryAgain() => pipe.ContinueDraining();

        internal override void OnClosed(Exception reason)
        {
            pipe.draining = false;
            pipe.OnClosed(reason);
        }

        internal override void Execute() => throw new InvalidOperationException("It only waits.");
    }
}
