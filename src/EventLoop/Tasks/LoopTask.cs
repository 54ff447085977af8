using System.Diagnostics;
using EventLoop.Cancellation;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>A coroutine that runs on its own, concurrently with others of its loop. asyncio: <c>Task</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> created, cancelled and awaited on its loop's thread; the describing properties may be read from any thread.</para>
/// <para><b>Cancellation:</b> <see cref="LoopAwaitable.Cancel"/> is edge-triggered and counted. What the task waits for is given up (a task or future that it
/// awaits is cancelled in turn), and a <see cref="LoopCanceledException"/> is thrown at its await; if it is not waiting, at its next wait. A task always runs
/// to its first wait, even if it was cancelled before its first step.</para>
/// <para>The loop references it strongly until it ends. A failure that nobody retrieves goes to the loop's exception handler.</para>
/// </remarks>
[DebuggerTypeProxy(typeof(LoopTaskDebugView))]
public partial class LoopTask : LoopAwaitable, IStepOwner
{
    private readonly TaskContext context;

    /// <summary>In the table its slot, as a negative number; before and after that its creator. One field, because tasks come by the million.</summary>
    internal int Place;

    private protected LoopTask(LoopCore core, string? name, ITaskOwner? owner)
    {
        context = owner is null ? new TaskContext(core, this) : new ChildContext(core, this, owner);
        Id = core.TaskNumbers.Next();
        Place = core.CurrentTask?.Id ?? 0;
        if (name is not null)
        {
            Details.Name = name;
        }

        if (core.WatchesCoroutines)
        {
            NoteOrigin();
        }
    }

    /// <summary>Counts from 1 within its loop; after two billion tasks it begins again at 1 and leaves out those that still live.</summary>
    public int Id { get; }

    /// <summary>The <see cref="Id"/> of the task that made it; zero: code outside any task. Any thread.</summary>
    internal int CreatorId => Volatile.Read(ref Place) is >= 0 and var creator ? creator : Core.Tasks.FindCreator(this);

    /// <summary>The name for people: "Task-7" unless another was given. Set on the loop's thread, read on any.</summary>
    public string Name
    {
        get => KnownName ?? $"Task-{Id}";
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            Details.Name = value;
        }
    }

    /// <summary>The same; null where it says no more than the number. Any thread.</summary>
    internal string? KnownName => Rare?.Name ?? DefaultName;

    /// <summary>The name while none was given; null: one made of the number. Any thread.</summary>
    private protected virtual string? DefaultName => null;

    /// <summary>How many cancellations are requested of it, from anywhere: <see cref="LoopAwaitable.Cancel"/> adds one, <see cref="Uncancel"/> takes one away.
    /// asyncio: <c>cancelling()</c>.</summary>
    /// <remarks>An expired timeout, an aborting group and a cancelled scope each count as one for the task whose code is in them, until it has left
    /// them.</remarks>
    public int CancelRequests => Rare is { } rare ? rare.OwnRequests + rare.ScopeRequests : 0;

    internal int OwnRequests => Rare?.OwnRequests ?? 0;

    /// <summary>A token that fires when the task is cancelled, for APIs that take one. Once <see cref="Uncancel"/> has brought the count to zero there is a
    /// new one.</summary>
    /// <remarks>
    /// Whoever receives it has <see cref="LoopOptions.ForeignGrace"/> to end by itself after a cancellation, before a wait for it is abandoned. Its callbacks
    /// run on the thread pool.
    /// </remarks>
    public CancellationToken CancellationToken => GetToken(isForOthers: true);

    internal CancellationToken GetToken(bool isForOthers) =>
        IsCompleted && TokenSource is null ? new CancellationToken(OwnRequests > 0) : Source.HandOut(isForOthers);

    /// <summary>Made on demand, while the task has not ended.</summary>
    internal CancelTokenSource Source
    {
        get
        {
            if (TokenSource is not { } source)
            {
                Details.TokenSource = source = new CancelTokenSource();
                if (IsTokenFired)
                {
                    source.Cancel();
                }
            }

            return source;
        }
    }

    internal CancelTokenSource? TokenSource => Rare?.TokenSource;

    internal sealed override LoopCore Core => context.Core;

    internal override string Kind => "task";

    private protected override WaitKind WaitedForAs => WaitKind.Task;

    internal override string Label => $"task '{Name}'";

    internal LoopContext Context => context;

    /// <summary>The innermost scope of its creator that it is in as a whole; only children of groups inherit one.</summary>
    internal Scope? InheritedScope => context.Scope;

    /// <summary>The scopes that it is in now.</summary>
    internal TaskScopes OwnScopes => Rare?.Scopes ?? (Details.Scopes = new TaskScopes(this));

    /// <summary>The group that it is a child of; null: none.</summary>
    internal ITaskOwner? Owner => (context as ChildContext)?.Parent;

    /// <summary>What it has done since it was made; null where nobody has counted from the beginning. Read on any thread.</summary>
    internal TaskCounts? Counts
    {
        get => Rare?.Counts;
        set => Details.Counts = value;
    }

    /// <summary>When it took its last step, and so since when it has been waiting; recorded in debug mode and in loops for tests.</summary>
    internal TimeSpan? LastStep => Rare is { LastStep: > 0 and var ticks } ? TimeSpan.FromTicks(ticks - 1) : null;

    internal void NoteStep(long now)
    {
        if (!IsCompleted)
        {
            Details.LastStep = now + 1;      // zero stands for never
        }
    }

    /// <summary>Takes one cancel request back; for code that has handled the cancellation which it requested. asyncio: <c>uncancel()</c>.</summary>
    /// <returns>How many requests are left. When all calls of Cancel have been taken back, a request that no wait has thrown yet is dropped.</returns>
    /// <remarks>Requests by Cancel are taken back before those of scopes, which stay cancelled regardless.</remarks>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public int Uncancel()
    {
        Core.VerifyAccess("Uncancel of a task");
        if (Rare is { OwnRequests: > 0 } rare)
        {
            rare.OwnRequests--;
            rare.Scopes?.NoteTakenBack(rare.OwnRequests);
            if (rare.OwnRequests == 0)
            {
                context.MustCancel = false;
                rare.DeliveredAt = 0;
                rare.DeliveredBy = null;
                RenewTokens();
            }
        }
        else
        {
            CountScopeRequest(-1);
        }

        return CancelRequests;
    }

    // ---- Its life

    internal static LoopTask Create(LoopCore core, Coroutine coroutine, string? name, bool eager, ITaskOwner? owner = null, bool detached = false)
    {
        coroutine.Verify();
        var task = new LoopTask(core, name, owner);
        var (body, token) = coroutine.Source is CoroutineBox box ? (box, coroutine.Token) : Body(Wrap(OperationWatch.Settled(coroutine)));
        if (detached)
        {
            task.context.IsDetached = true;
        }

        task.Begin(core, body, token, eager);
        return task;

        static async Coroutine Wrap(Coroutine operation) => await operation;
        static (CoroutineBox, long) Body(Coroutine wrapped) => ((CoroutineBox)wrapped.Source!, wrapped.Token);
    }

    private protected void Begin(LoopCore core, CoroutineBox body, long token, bool eager)
    {
        body.BecomeBody(core, token, context);
        core.Tasks.Add(this);
        if (context is ChildContext child)
        {
            child.Parent.Adopt(child);
        }

        if ((core.Heard & Hearing.Tasks) != 0)
        {
            core.Instruments.TellTaskMade(context);
        }

        if (eager && core.IsRunning && core.StartDepth < LoopCore.DeepestStart)
        {
            core.RunInside(body);
        }
        else
        {
            core.Ready.Enqueue(body);
        }
    }

    /// <summary>Called when its coroutine has returned or thrown.</summary>
    internal virtual void OnBodyEnded(CoroutineBox body) => Finish(body.Release());

    /// <summary>Called on whichever thread closes the loop, when it is closed and the task will not end any more. Does not throw.</summary>
    internal virtual void OnLeftBehind() { }

    private protected sealed override LoopTask? OwnersWaiter => Owner?.Waiter;

    private protected sealed override void OnOutcome()
    {
        if (context is ChildContext child)
        {
            child.Parent.OnEnded(child);
        }
    }

    private void Finish(Failure? failure)
    {
        var core = Core;
        core.Tasks.Remove(this);
        core.NoteEnd(this);
        if (failure is null && Rare is null)
        {
            Succeed(core);      // as nearly all do
            TellEnd(core);
            return;
        }

        switch (failure?.Exception)
        {
            case null:
                if (OwnRequests > 0 && core.Loop.Debug && WasCancellationThrown)
                {
                    core.Loop.OnCancellationSwallowed(this);
                }

                Succeed(core);
                break;
            case { } canceled when IsOwnCancellation(canceled):
                EndCanceled(failure.IsCancellation ? failure : Failure.Of(new LoopCanceledException(Rare?.CancelReason, canceled), null));
                break;
            default:
                Fail(failure);
                OnFailed(failure.Exception);
                break;
        }

        if (TokenSource is { } source)
        {
            source.End();
            Details.TokenSource = null;
        }

        TellEnd(core);
    }

    private void TellEnd(LoopCore core)
    {
        if ((core.Heard & Hearing.Tasks) != 0)
        {
            core.Instruments.TellTaskEnded(context);
        }
    }

    // Once the task, or a scope that it was started in, is cancelled, any cancellation counts as its own, whichever token it carries; before that, only the
    // loop's own exception does.
    private bool IsOwnCancellation(Exception exception) =>
        exception is LoopCanceledException || (IsTokenFired && Loop.IsCancellation(exception));

    private void OnFailed(Exception failure)
    {
        if (failure is LoopExitException && Owner is null)
        {
            MarkRetrieved();
            Core.ExitException ??= failure;
        }
        else if (context.IsDetached && Owner is null)
        {
            MarkRetrieved();
            Loop.CallExceptionHandler(new LoopExceptionContext($"A task that nobody awaits, '{Name}', failed", failure, this, CreatedAt: CreatedAt));
        }
    }
}
