using FsCheck;
using FsCheck.Fluent;

namespace EventLoop.Tests.Synchronization;

/// <summary>
/// Random sequences of operations by eight tasks, played against a primitive and against a simple model of it, and compared after every step. Whatever
/// needs no turn of the loop happens in the same step, so that releases, newcomers, cancellations and expiring scopes meet in every order.
/// </summary>
public abstract class StateMachineTest : LoopTest
{
    protected const int Actors = 8;
    protected const string Cancelled = "cancelled";
    private const int Runs = 200;

    private readonly LoopTask<string>?[] _tasks = new LoopTask<string>?[Actors];
    private readonly CancelScope?[] _scopes = new CancelScope?[Actors];
    private readonly string?[] _expected = new string?[Actors];

    public readonly record struct Command(int Kind, int Actor, int Argument);

    /// <summary>How many commands of its own the primitive has.</summary>
    protected abstract int Kinds { get; }

    protected abstract void Create();

    /// <summary>Plays one of its own commands on the primitive and on the model.</summary>
    protected abstract void Play(int kind, int actor, int argument);

    /// <summary>The model: a task that waits is cancelled. Calls <see cref="Expect"/> unless the cancellation comes too late.</summary>
    protected abstract void OnCancelled(int actor);

    /// <summary>Compares what can be seen of the primitive with the model.</summary>
    protected abstract void Compare();

    /// <summary>At the end: what lets those go on who cannot be cancelled.</summary>
    protected virtual void Unblock()
    {
        // Most waits can be cancelled.
    }

    [Fact]
    public void It_behaves_like_its_model()
    {
        var command =
            from kind in Gen.Choose(0, Kinds + 2)
            from actor in Gen.Choose(0, Actors - 1)
            from argument in Gen.Choose(0, 3)
            select new Command(kind, actor, argument);
        var sequences = Arb.From(Gen.ArrayOf(command), Shorter);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(Runs).WithStartSize(5).WithEndSize(120),
            Prop.ForAll(sequences, commands => RunLoop(() => Follow(commands))));
    }

    private static IEnumerable<Command[]> Shorter(Command[] commands)
    {
        for (int chunk = commands.Length / 2; chunk >= 1; chunk /= 2)
        {
            for (int from = 0; from + chunk <= commands.Length; from += chunk)
            {
                yield return [.. commands[..from], .. commands[(from + chunk)..]];
            }
        }
    }

    private async Coroutine Follow(Command[] commands)
    {
        Array.Clear(_tasks);
        Array.Clear(_expected);
        Create();
        foreach (Command command in commands)
        {
            switch (command.Kind)
            {
                case 0:
                    await Loop.Yield();
                    break;
                case 1 when IsBusy(command.Actor):
                    _tasks[command.Actor]!.Cancel();
                    Cancel(command.Actor);
                    break;
                case 2 when IsBusy(command.Actor):
                    _scopes[command.Actor]!.Cancel();
                    Cancel(command.Actor);
                    break;
                case > 2:
                    Play(command.Kind - 3, command.Actor, command.Argument);
                    break;
            }

            CompareAll();
        }

        for (int i = 0; i < 2 * Actors + 2; i++)
        {
            for (int actor = 0; actor < Actors; actor++)
            {
                if (IsBusy(actor) && _expected[actor] is null)
                {
                    _tasks[actor]!.Cancel();
                    Cancel(actor);
                }
            }

            CompareAll();
            Unblock();
            await Loop.Yield();
            CompareAll();
        }

        _tasks.Should().OnlyContain(static task => task == null || task.IsCompleted);
    }

    protected bool IsBusy(int actor) => _tasks[actor] is { IsCompleted: false };

    /// <summary>Begins an operation at once, in this step; false when the actor is busy.</summary>
    protected bool Begin(int actor, Func<Coroutine<string>> operation)
    {
        if (IsBusy(actor))
        {
            return false;
        }

        _expected[actor] = null;
        var scope = new CancelScope();
        _scopes[actor] = scope;
        _tasks[actor] = Loop.CreateTask(Run(scope, operation), $"{actor}", eager: true);
        return true;

        static async Coroutine<string> Run(CancelScope scope, Func<Coroutine<string>> operation)
        {
            try
            {
                Outcome<string> outcome = await scope.RunAsync(operation);
                return outcome.IsSuccess ? outcome.Value : Cancelled;
            }
            catch (LoopCanceledException)
            {
                return Cancelled;
            }
            catch (Exception exception)
            {
                return exception.GetType().Name;
            }
        }
    }

    /// <summary>The model: how the actor's operation will end. Once said it is final.</summary>
    protected void Expect(int actor, string outcome)
    {
        Same(_expected[actor], null, "what was decided before");
        _expected[actor] = outcome;
    }

    /// <summary>Compares plainly: there are tens of thousands of steps, and an assertion library takes its time for each.</summary>
    protected static void Same<T>(T actual, T expected, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(actual, expected))
        {
            Assert.Fail($"{what}: {actual}, and the model says {expected}.");
        }
    }

    /// <summary>The tasks that wait, in their order.</summary>
    protected void SameLine(IReadOnlyList<LoopTask> actual, IEnumerable<int> actors)
    {
        if (!actual.SequenceEqual(actors.Select(actor => _tasks[actor]!)))
        {
            Assert.Fail($"waiting: {string.Join(", ", actual.Select(static task => task.Name))}, and the model says {string.Join(", ", actors)}.");
        }
    }

    private void Cancel(int actor)
    {
        if (_expected[actor] is null)
        {
            OnCancelled(actor);
        }
    }

    private void CompareAll()
    {
        for (int actor = 0; actor < Actors; actor++)
        {
            if (_tasks[actor] is { IsCompleted: true } task && task.Result != _expected[actor])
            {
                Assert.Fail($"Actor {actor}: '{task.Result}', and the model says '{_expected[actor]}'.");
            }
        }

        Compare();
    }
}
