using System.Runtime.ExceptionServices;
using EventLoop.Cancellation;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Running;

/// <summary>One run of a loop: until something has completed, or until it is stopped.</summary>
internal static class MainRun
{
    /// <summary>Makes the task that a run is for.</summary>
    internal static LoopTask NewMain(Loop loop, Coroutine main)
    {
        VerifyNotRunning(loop, main);
        return LoopTask.Create(loop.Core, main, null, eager: false);
    }

    /// <inheritdoc cref="NewMain(Loop, Coroutine)"/>
    internal static LoopTask<T> NewMain<T>(Loop loop, Coroutine<T> main)
    {
        VerifyNotRunning(loop, main);
        return LoopTask<T>.Create(loop.Core, main, null, eager: false);
    }

    /// <summary>Runs until main has completed; the caller takes the outcome.</summary>
    internal static LoopTask Drive(LoopTask main, CancellationToken token)
    {
        using var cancellation = CancelBy(main, token);
        Drive(main.Loop, main);
        return main;
    }

    /// <summary>Runs until it has completed, or, where it is null, until the loop is stopped; the caller takes the outcome.</summary>
    internal static LoopAwaitable Drive(Loop loop, LoopAwaitable? awaited)
    {
        VerifyNotRunning(loop);
        loop.Shutdown.BeginRun();
        loop.Core.Run(awaited);
        if (loop.Core.ExitException is { } exit)
        {
            loop.Core.ExitException = null;
            loop.Shutdown.HasExited = true;
            awaited?.MarkRetrieved();
            ExceptionDispatchInfo.Throw(exit);
        }

        if (awaited is { IsCompleted: false })
        {
            throw new InvalidOperationException($"Loop '{loop.Name}' was stopped before {awaited.Label} was done.");
        }

        return awaited!;
    }

    /// <summary>Refuses what does not belong to the loop of the run.</summary>
    internal static LoopAwaitable Own(Loop loop, LoopAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        VerifyNotRunning(loop);
        if (!ReferenceEquals(awaitable.Loop, loop))
        {
            awaitable.RefuseLoop();
        }

        return awaitable;
    }

    /// <summary>Lets <paramref name="token"/> cancel a task of this loop, from any thread.</summary>
    internal static CancellationTokenRegistration CancelBy(LoopTask task, CancellationToken token) => token.UnsafeRegister(
        static task =>
        {
            var canceled = (LoopTask)task!;
            canceled.Core.TryPost(CallbackItem<LoopTask>.Create(
                static task =>
                {
                    using (CancelTrail.Begin(task.Core, "token"))
                    {
                        task.CancelCore("the token that was given to the run was cancelled");
                    }
                },
                canceled,
                canceled.Core.BaseContext));
        },
        task);

    /// <summary>Runs a whole program and turns its end into an exit code.</summary>
    internal static int ExitCodeOf(LoopOptions? options, Func<LoopRunner, int> run)
    {
        if (LoopCore.Running is not null)
        {
            Throw.NestedRun();
        }

        var runner = new LoopRunner(options) { IsSingle = true };      // invalid options are thrown: no program has begun
        try
        {
            using (runner)
            {
                return run(runner);
            }
        }
        catch (LoopInterruptedException interrupted)
        {
            return interrupted.ExitCode;
        }
        catch (LoopExitException exit)
        {
            return exit.ExitCode;
        }
        catch (Exception failure)
        {
            Console.Error.WriteLine($"Unhandled exception. {failure}");
            return 1;
        }
    }

    private static void VerifyNotRunning(Loop loop, Coroutine main)
    {
        try
        {
            VerifyNotRunning(loop);
        }
        catch
        {
            main.Excuse();
            throw;
        }
    }

    private static void VerifyNotRunning(Loop loop)
    {
        if (loop.IsClosed)
        {
            Throw.Closed(loop.Name);
        }

        if (LoopCore.Running is not null)
        {
            Throw.NestedRun();
        }

        if (loop.IsRunning)
        {
            Throw.RunsElsewhere(loop.Name);
        }
    }
}
