using EventLoop.Processes;
using EventLoop.Scheduling;

namespace EventLoop;

// Starting.
public sealed partial class Subprocess
{
    /// <summary>Starts a child. asyncio: <c>create_subprocess_exec</c>. <b>Cancellation:</b> a child that has started already is killed and reaped
    /// first.</summary>
    /// <param name="command">Streams that it does not mention are inherited from this process.</param>
    /// <returns>The running child.</returns>
    /// <inheritdoc cref="Subprocess" path="/exception"/>
    public static Coroutine<Subprocess> StartAsync(ProcessCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Start(command);
    }

    /// <inheritdoc cref="StartAsync(ProcessCommand)"/>
    /// <param name="fileName">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Coroutine<Subprocess> StartAsync(string fileName, params IEnumerable<string> arguments) =>
        StartAsync(new ProcessCommand(fileName, arguments));

    /// <summary>
    /// Starts a process in a session of its own and forgets it: it outlives the loop and this process. If it ends while this process lives it leaves no
    /// zombie. .NET 11: <c>StartDetached</c>.
    /// </summary>
    /// <param name="command">Streams that it does not mention are connected to nothing.</param>
    /// <returns>The process ID.</returns>
    /// <exception cref="ArgumentException">A stream is <see cref="Stdio.Pipe"/>, which nobody would read or write, or
    /// <see cref="ProcessCommand.KillOnParentExit"/> is set.</exception>
    public static Coroutine<int> StartDetachedAsync(ProcessCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        RefusePipes(command, nameof(StartDetachedAsync));
        if (command.KillOnParentExit)
        {
            throw new ArgumentException("A detached process outlives this one, and KillOnParentExit says that it does not.", nameof(command));
        }

        return Start(command);

        static async Coroutine<int> Start(ProcessCommand command)
        {
            var detached = command with { Input = command.Input.Or(Stdio.Null), Output = command.Output.Or(Stdio.Null), Error = command.Error.Or(Stdio.Null) };
            var request = await Answer(detached, isDetached: true);
            return request.Failure is { } failure ? throw failure : request.Id;
        }
    }

    /// <param name="command">What to start.</param>
    /// <param name="isRun">Whether it is run to its end: then a cancellation stops it as at any later moment, with its grace, and does not kill it.</param>
    private static async Coroutine<Subprocess> Start(ProcessCommand command, bool isRun = false)
    {
        var request = await Answer(command, isDetached: false);
        if (request.Failure is { } failure)
        {
            throw failure;
        }

        var child = request.Child!;
        try
        {
            await Loop.CheckPoint();
            return child;
        }
        catch (LoopCanceledException)
        {
            if (!isRun)
            {
                child.KillAll();
            }

            await child.CloseAsync();
            throw;
        }
    }

    private static async Coroutine<SpawnRequest> Answer(ProcessCommand command, bool isDetached)
    {
        var core = LoopCore.Required;
        if (!core.Poller.HasPipes)
        {
            throw new PlatformNotSupportedException(
                "Child processes need the epoll poller, which exists on Linux only (LoopOptions.Poller: PollerKind.Auto or PollerKind.Epoll). Use "
                    + "System.Diagnostics.Process.");
        }

        var start = CommandPreparation.Prepare(command, isDetached);
        await Loop.CheckPoint();
        await ChildFileOpening.Complete(core, command, start);
        var request = new SpawnRequest(core, command, start, isDetached);
        request.Post();
        await request.Answered;
        return request;
    }

    private static void RefusePipes(ProcessCommand command, string member)
    {
        if (command.Input.IsPipe || command.Output.IsPipe || command.Error.IsPipe)
        {
            throw new ArgumentException($"Stdio.Pipe makes no sense for {member}: nobody has the other end. Use StartAsync, or a form that captures.",
                nameof(command));
        }
    }
}
