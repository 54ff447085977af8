using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Testing;

/// <summary>Forces an order of steps among tasks: <c>await sequencer.Step(n)</c> resumes in the order of n, whatever the schedule.</summary>
/// <remarks>
/// <para>Code between Step(n) and the next wait of its task runs before Step(n + 1) resumes. Each position is used once, beginning with 0.</para>
/// <para><b>Thread:</b> the loop's. <b>Cancellation:</b> a cancelled step breaks the sequence; the others throw
/// <see cref="InvalidOperationException"/> instead of waiting for ever.</para>
/// <para>Trio: <c>Sequencer</c>.</para>
/// </remarks>
public sealed class Sequencer
{
    private readonly Dictionary<int, Turn> waiting = [];
    private readonly HashSet<int> used = [];
    private int next;
    private int? broken;

    /// <summary>The position whose turn it is.</summary>
    public int Next => next;

    /// <summary>Waits for its turn.</summary>
    /// <param name="position">Resumes when all smaller positions have resumed.</param>
    /// <exception cref="InvalidOperationException">The position was used already, or another step was cancelled.</exception>
    public async Coroutine Step(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (!used.Add(position))
        {
            throw new InvalidOperationException($"Step({position}) of the sequencer was used already; each position is used once.");
        }

        if (position != next && broken is null)
        {
            var turn = new Turn(this, position);
            waiting.Add(position, turn);
            try
            {
                await turn;
            }
            catch (OperationCanceledException)
            {
                waiting.Remove(position);
                Break(position);
                throw;
            }
        }

        if (broken is { } at)
        {
            throw new InvalidOperationException($"The sequence is broken: Step({at}) was cancelled, so Step({position}) will never have its turn.");
        }

        next = position + 1;
        if (waiting.Remove(next, out var following))
        {
            following.Come();
        }
    }

    private void Break(int position)
    {
        broken ??= position;
        foreach (var turn in waiting.OrderBy(static one => one.Key).Select(static one => one.Value).ToList())
        {
            turn.Come();
        }

        waiting.Clear();
    }

    private sealed class Turn(Sequencer sequencer, int position) : WaitPoint
    {
        private bool come;

        protected override bool IsReady => come;

        internal void Come()
        {
            come = true;
            WakeWaiter();
        }

        public override string Describe(WaitNode node) => $"step {position} of a sequencer that stands at step {sequencer.next}";
    }
}
