using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// The values of LoopLocal, which end with their loop.
public sealed partial class Loop
{
    /// <summary>Loop thread only.</summary>
    internal LoopLocals Locals { get; } = new();

    // When the tasks that use them have ended, and while the loop can still turn for those that are disposed asynchronously.
    private void DisposeLocals()
    {
        if (Locals.IsEmpty || LoopCore.Running is not null || !IsInLoopThread)
        {
            return;
        }

        using var bound = new Bound(this);
        var disposing = LoopTask.Create(Core, DisposeAllLocals(), "disposal of loop-local values", eager: false);
        while (!disposing.IsCompleted && !shutdownIsOver)
        {
            Core.Run(disposing);
            KeepExit();
        }

        if (!disposing.IsCompleted)
        {
            disposing.CancelCore("the loop is shutting down");
            Abandon([disposing]);
        }
    }

    private async Coroutine DisposeAllLocals()
    {
        while (!Locals.IsEmpty)
        {
            try
            {
                switch (Locals.TakeLast())
                {
                    case IAsyncDisposable value:
                        await value.DisposeAsync();
                        break;
                    case IDisposable value:
                        value.Dispose();
                        break;
                }
            }
            catch (Exception failure) when (failure is not LoopExitException)
            {
                CallExceptionHandler(new LoopExceptionContext("A loop-local value failed to be disposed", failure));
            }
        }
    }
}
