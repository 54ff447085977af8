using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Processes;

/// <summary>
/// A wait for something that is certain to come soon, such as the end of a killed process: nothing interrupts it, not even the end of a scope's grace. A
/// cancellation that comes meanwhile stays pending. Loop thread only.
/// </summary>
/// <param name="what">For the live view.</param>
internal sealed class UninterruptibleWait(string what) : WaitPoint
{
    private bool isSet;

    protected override bool IsReady => isSet;

    protected override bool IsInterruptible => false;

    public override WaitKind Kind => WaitKind.Process;

    internal void Set()
    {
        isSet = true;
        WakeWaiter();
    }

    public override string Describe(WaitNode node) => what;
}
