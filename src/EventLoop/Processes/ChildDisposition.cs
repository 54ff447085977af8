using EventLoop.Native;

namespace EventLoop.Processes;

/// <summary>
/// Whoever started this process may have made it ignore SIGCHLD; then the system reaps its children before anybody can ask how they ended. This restores the
/// default before the first start, unless .NET has a handler of its own by then. On the <see cref="SpawnThread"/>.
/// </summary>
internal static unsafe class ChildDisposition
{
    private const int ChildSignal = 17;
    private const nint Default = 0, Ignored = 1;
    private static bool done;

    internal static void Ensure()
    {
        if (done)
        {
            return;
        }

        done = true;
        nint* now = stackalloc nint[64];      // struct sigaction, which begins with the handler
        if (Libc.SignalAction(ChildSignal, null, now) == 0 && now[0] == Ignored)
        {
            _ = Libc.SetSignal(ChildSignal, Default);
        }
    }
}
