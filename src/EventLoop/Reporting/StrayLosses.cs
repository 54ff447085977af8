using Microsoft.Extensions.Logging;

namespace EventLoop.Reporting;

/// <summary>The losses of threads where no loop runs: they go to standard error, when they are collected or when the process ends. Any thread.</summary>
internal static class StrayLosses
{
    private static readonly StandardErrorLogger StandardError = new();

    internal static LossLedger Ledger { get; } = NewLedger();

    private static LossLedger NewLedger()
    {
        var ledger = new LossLedger(Report);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => ledger.ReportAll();
        return ledger;
    }

    private static void Report(Loss loss) => StandardError.Log(LogLevel.Error, default, loss, loss.Exception, static (told, _) => told.Message);
}
