// Says "ok" and returns 0 if everything works in a program that is published as native code; else it names what does not.

using System.Runtime.CompilerServices;
using EventLoop;
using EventLoop.AotSmoke;

(string Name, Func<Coroutine> Body)[] checks =
[
    ("results and failures of tasks", Structure.TasksAsync),
    ("a task that is cancelled while it sleeps", Structure.CancellationAsync),
    ("scopes and timeouts", Structure.ScopesAsync),
    ("a group and its failure", Structure.GroupsAsync),
    ("an executor's result", Structure.ExecutorAsync),
    ("awaits of .NET tasks", ForeignAwaits.ResultsAsync),
    ("a cancelled await of a Task", ForeignAwaits.CancelTaskAsync),
    ("a cancelled await of a Task with a result", ForeignAwaits.CancelTypedTaskAsync),
    ("a cancelled await with ConfigureAwait", ForeignAwaits.CancelConfiguredAsync),
    ("a cancelled await in an async Task method", ForeignAwaits.CancelInTaskMethodAsync),
    ("TCP, a line there and back", Network.TcpAsync),
    ("datagrams", Network.UdpAsync),
    ("a cancelled read", Network.CancelReadAsync),
    ("TLS", Network.TlsAsync),
    ("a child process", Children.ProcessAsync),
    ("a signal", Children.SignalAsync),
    ("work for a worker process is refused", Children.WorkerAsync),
];

int failed = RuntimeFeature.IsDynamicCodeSupported ? Fail("native code", "this is not published as native code") : 0;
foreach (var (name, body) in checks)
{
    foreach (var poller in new[] { PollerKind.Epoll, PollerKind.Portable })
    {
        try
        {
            var options = new LoopOptions { Poller = poller };
            Loop.Run(() => CancelScope.FailAfter(TimeSpan.FromSeconds(20), _ => body()), options);
        }
        catch (Exception exception)
        {
            failed += Fail($"{name} ({poller})", exception.ToString());
        }
    }
}

if (failed == 0)
    Console.WriteLine("ok");
return failed == 0 ? 0 : 1;

static int Fail(string name, string why)
{
    Console.Error.WriteLine($"failed: {name}: {why}");
    return 1;
}
