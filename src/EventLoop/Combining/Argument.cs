using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Combining;

/// <summary>One unexamined argument of a combinator: a coroutine that becomes a task, a task or future of the loop, a .NET task.</summary>
[StackTraceHidden]
internal readonly struct Argument
{
    private readonly object? given;
    private readonly long token;      // of a coroutine
    private readonly Func<LoopCore, Argument, LoopAwaitable> start;

    private Argument(object? given, long token, Func<LoopCore, Argument, LoopAwaitable> start)
    {
        this.given = given;
        this.token = token;
        this.start = start;
    }

    /// <summary>Whether starting it makes a task, which has to be cancelled if the others cannot be started.</summary>
    internal bool BecomesTask => given is ICoroutineSource and not AwaitSource or null;

    internal static Argument Of(Coroutine coroutine)
    {
        coroutine.Verify();
        return new(coroutine.Source, coroutine.Token, static (core, one) =>
            one.given is AwaitSource wait ? wait.Take()
                : LoopTask.Create(core, new((ICoroutineSource?)one.given, one.token), null, core.Loop.Options.EagerTasks));
    }

    internal static Argument Of<T>(Coroutine<T> coroutine)
    {
        ((Coroutine)coroutine).Verify();
        ((Coroutine)coroutine).Verify();
        var body = coroutine.Source is null ? Valued(coroutine) : coroutine;      // a coroutine that carries its value itself needs a place to keep it
        return new(body.Source, body.Token, static (core, one) =>
            one.given is AwaitSource wait ? wait.Take()
                : LoopTask<T>.Create(core, new((ICoroutineSource<T>)one.given!, one.token), null, core.Loop.Options.EagerTasks));

        static async Coroutine<T> Valued(Coroutine<T> coroutine) => await coroutine;
    }

    internal static Argument Of(LoopAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return new(awaitable, 0, static (_, one) => (LoopAwaitable)one.given!);
    }

    internal static Argument Of(Task task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return new(task, 0, static (core, one) => ForeignTask.For(core, (Task)one.given!));
    }

    internal LoopAwaitable Start(LoopCore core) => start(core, this);

    /// <summary>Throws if it could not be started here. Null: on whichever loop.</summary>
    internal void Verify(LoopCore? core)
    {
        switch (given)
        {
            case null:
                Coroutine.VerifyEnded(token);
                break;
            case CoroutineBox box when !box.IsFresh(token):
            case AwaitSource { IsFresh: false }:
                Throw.AwaitedTwice();
                break;
            case AwaitSource wait:
                VerifyHome(core, wait.Awaitable);
                break;
            case LoopAwaitable awaitable:
                VerifyHome(core, awaitable);
                break;
        }
    }

    /// <summary>Whether both are the same coroutine. Operations without state share one source among all their calls, and are never the same.</summary>
    internal bool IsSameCoroutineAs(Argument other) => IsOneOfAKind && ReferenceEquals(given, other.given) && token == other.token;

    /// <summary>A key for a set of arguments that may occur only once; null for those that may occur repeatedly.</summary>
    internal (object, long)? Identity => IsOneOfAKind ? (given!, token) : null;

    private bool IsOneOfAKind => given is ICoroutineSource and (LoopItem or AwaitSource or WatchedOperation);

    /// <inheritdoc cref="Coroutine.Excuse"/>
    internal void Excuse() => new Coroutine(given as ICoroutineSource, token).Excuse();

    private static void VerifyHome(LoopCore? core, LoopAwaitable awaitable)
    {
        if (core is not null && !ReferenceEquals(core, awaitable.Core))
        {
            awaitable.RefuseLoop();
        }
    }
}
