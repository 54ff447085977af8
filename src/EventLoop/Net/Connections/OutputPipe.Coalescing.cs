using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

// Output that may wait for the end of the turn, so that it goes out together with what else the turn writes.
internal sealed partial class OutputPipe
{
    private const int MostDeferred = 16 * 1024;

    private TurnEnd? turnEnd;
    private bool isDeferred;

    /// <summary>Whether small writes wait for the end of the turn.</summary>
    internal bool Coalesces { get; set; }

    // False: it is too much, or something else has to go out first.
    private bool TryDefer(ref ReadOnlyMemory<byte> rest)
    {
        if (draining || transferring || unsent + rest.Length > MostDeferred)
        {
            return false;
        }

        while (!rest.IsEmpty)
        {
            Copy(ref rest);
        }

        unflushed = 0;
        if (unsent > 0 && !isDeferred)
        {
            isDeferred = true;
            owner.Core.AtEndOfTurn(turnEnd ??= new TurnEnd(this));
        }

        return true;
    }

    private void SendDeferred()
    {
        isDeferred = false;
        if (unsent == 0 || draining || transferring || failure is not null || owner.IsClosed)
        {
            return;
        }

        try
        {
            Send();
        }
        catch (Exception broken)
        {
            Fail(broken);      // the next writer is notified
        }
    }

    private sealed class TurnEnd(OutputPipe pipe) : LoopItem
    {
        internal override void Execute() => pipe.SendDeferred();
    }
}
