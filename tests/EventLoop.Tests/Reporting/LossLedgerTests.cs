using EventLoop.Reporting;

namespace EventLoop.Tests.Reporting;

public sealed class LossLedgerTests
{
    [Fact]
    public void A_report_that_the_collector_has_begun_is_made_before_the_loop_has_closed()
    {
        using var entered = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        bool isReported = false;
        var ledger = new LossLedger(_ =>
        {
            entered.Set();
            gate.Wait();
            Volatile.Write(ref isReported, true);
        });
        var loss = ledger.Open("lost", null, null, null);
        var collector = new Thread(() => ledger.Report(loss));
        collector.Start();
        entered.Wait();

        bool wasReported = false;
        using var closing = new ManualResetEventSlim();
        var close = new Thread(() =>
        {
            closing.Set();
            ledger.ReportAll();
            wasReported = Volatile.Read(ref isReported);
        });
        close.Start();
        closing.Wait();
        gate.Set();
        close.Join();
        collector.Join();

        wasReported.Should().BeTrue();
    }
}
