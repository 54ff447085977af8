using System.Runtime.InteropServices;
using EventLoop.Cancellation;
using EventLoop.Debugging;
using EventLoop.Scheduling;
using EventLoop.SignalHandling;

namespace EventLoop.Running;

/// <summary>
/// Ctrl-C and SIGTERM during a run. The first cancels main and says where it waits; the second ends the run; the third is left to the system, because a loop
/// that responds to neither is in a step that does not end.
/// </summary>
internal sealed class Interrupts(LoopTask main) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private PosixSignalRegistration? control;
    private PosixSignalRegistration? termination;
    private Timer? stuck;
    private int count;               // any thread, interlocked
    private int told;                // any thread, interlocked
    private volatile Sign? first;    // any thread
    private volatile bool isOver;    // any thread
    private bool hasCanceled;        // loop thread

    /// <summary>Listens from here on, until it is disposed. Signals are counted on from before.</summary>
    internal void Listen()
    {
        isOver = false;
        control ??= PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        termination ??= PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    public void Dispose()
    {
        isOver = true;
        if (control is not null || termination is not null)
        {
            SignalBarrier.End(control, termination);
        }

        stuck?.Dispose();
        control = null;
        termination = null;
    }

    /// <summary>The interrupt that main has ended by; null if it ended by something else, including a cancellation by somebody else.</summary>
    internal LoopInterruptedException? EndOf(LoopTask ended)
    {
        if (first is not { } sign || !hasCanceled || !ended.IsCanceled)
        {
            return null;
        }

        for (var cause = ended.FailureOrCancellation(); cause is not null; cause = cause.InnerException)
        {
            if (cause is LoopCanceledException { Reason: { } reason } && ReferenceEquals(reason, sign.Reason))
            {
                return new LoopInterruptedException(sign.Signal);
            }
        }

        // A cancellation of its own was under way and passed in its place: nobody else has asked main to end.
        return ended.OwnRequests == 1 && ReferenceEquals(ended.RequestReason, sign.Reason) ? new LoopInterruptedException(sign.Signal) : null;
    }

    // On a thread of .NET's own.
    private void OnSignal(PosixSignalContext context)
    {
        var signal = context.Signal;
        if (SignalHub.IsHeard(signal))
        {
            context.Cancel = true;       // somebody else listens, and has taken the signal over
            return;
        }

        switch (Interlocked.Increment(ref count))
        {
            case 1:
                context.Cancel = true;
                first = new Sign(signal);
                stuck = new Timer(static interrupts => ((Interrupts)interrupts!).OnStuck(), this, Patience, Timeout.InfiniteTimeSpan);
                Post(static interrupts => interrupts.CancelMain());
                break;
            case 2:
                context.Cancel = true;
                Post(interrupts => interrupts.End(signal));
                break;
        }
    }

    private void Post(Action<Interrupts> callback) => main.Core.TryPost(CallbackItem<Interrupts>.Create(callback, this, main.Core.BaseContext));

    // Reports where main waits before main is cancelled, and waits for something else.
    private void CancelMain()
    {
        var sign = first!;
        if (Interlocked.Exchange(ref told, 1) == 0)
        {
            string where = main.IsCompleted ? Remaining()
                : $"main is cancelled; it {(main.WaitingOn is { } what ? $"waits on {what}" : "is about to run")}"
                    + (WaitReport.StackOf(main) is { Length: > 0 } stack ? $", in {stack}" : "");
            Print($"Interrupted ({sign.Name}): {where}. {sign.Name} again ends the run at once.");
        }

        // If somebody else has cancelled it before and that was not delivered yet, it is cancelled by them; this is one more request.
        using var under = CancelTrail.Begin(main.Core, sign.Name);
        hasCanceled = main.CancelCore(main.HasUndeliveredRequest ? main.RequestReason : sign.Reason);
    }

    private void End(PosixSignal signal) => main.Loop.Shutdown.Hurry(new LoopInterruptedException(signal));

    // On a thread of the pool.
    private void OnStuck()
    {
        if (!isOver && Interlocked.Exchange(ref told, 1) == 0)
        {
            string who = main.Core.Current?.Task?.Label ?? "a callback";
            Print($"Interrupted ({first!.Name}): main is to be cancelled, but the loop's thread has not come back from a step of {who}. The third "
                + $"{first.Name} ends the process.");
        }
    }

    private string Remaining()
    {
        string names = string.Join(", ",
            main.Loop.Tasks.Take(3).Select(static task => task.WaitingOn is { } what ? $"{task.Label} (waiting on {what})" : task.Label));
        return $"main is done, and {(names.Length > 0 ? $"what it left is awaited: {names}" : "the executor is awaited")}";
    }

    private static void Print(string notice)
    {
        try
        {
            Console.Error.WriteLine(notice);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // Nobody reads it.
        }
    }

    private sealed class Sign(PosixSignal signal)
    {
        internal PosixSignal Signal => signal;

        internal string Name => signal == PosixSignal.SIGTERM ? "SIGTERM" : "Ctrl-C";

        /// <summary>The reason; its reference identifies the cancellation.</summary>
        internal string Reason { get; } = new($"interrupted ({(signal == PosixSignal.SIGTERM ? "SIGTERM" : "Ctrl-C")})");
    }
}
