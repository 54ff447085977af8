using System.Runtime.CompilerServices;

namespace EventLoop.Testing.Running;

/// <summary>
/// The unobserved failures of .NET tasks: of <c>async Task</c> methods, of <c>AsTask()</c>. .NET reports one when the task is collected, without saying where
/// it belongs; an exception belongs to the run on whose thread it was first thrown.
/// </summary>
internal sealed class UnobservedFailures(Action<Exception> found)
{
    private static readonly ConditionalWeakTable<Exception, UnobservedFailures> ThrownIn = [];

    [ThreadStatic]
    private static UnobservedFailures? current;

    private bool anyThrown;

    static UnobservedFailures()
    {
        AppDomain.CurrentDomain.FirstChanceException += static (_, thrown) => current?.Note(thrown.Exception);
        TaskScheduler.UnobservedTaskException += static (_, lost) =>
        {
            foreach (var exception in lost.Exception.InnerExceptions)
            {
                if (ThrownIn.TryGetValue(exception, out var run))
                {
                    lost.SetObserved();      // the test fails because of it
                    run.Report(exception);
                }
            }
        };
    }

    /// <summary>Assigns to this run what this thread throws until the result is disposed.</summary>
    internal Scope Watch()
    {
        var outer = current;
        current = this;
        return new Scope(outer);
    }

    /// <summary>Collects failed tasks that nobody references, if any can have failed.</summary>
    internal void Collect()
    {
        if (anyThrown)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private void Note(Exception exception)
    {
        if (exception is not OperationCanceledException)
        {
            anyThrown = true;
            ThrownIn.TryAdd(exception, this);
        }
    }

    private void Report(Exception exception) => found(exception);

    internal readonly struct Scope(UnobservedFailures? outer) : IDisposable
    {
        public void Dispose() => current = outer;
    }
}
