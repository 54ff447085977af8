namespace EventLoop.Reporting;

/// <summary>Dies with the object that it watches over, and reports then. The ledger holds only the loss, so that the object can be collected.</summary>
internal abstract class LossWatch(LossLedger ledger, Loss loss)
{
    ~LossWatch() => ledger.Report(loss);

    /// <summary>Settles it: the object was looked at.</summary>
    internal void Settle()
    {
        ledger.Settle(loss);
        GC.SuppressFinalize(this);
    }
}
