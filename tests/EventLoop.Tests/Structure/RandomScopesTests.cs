namespace EventLoop.Tests.Structure;

/// <summary>Random nests of scopes and groups, cancelled, shielded and left at random, against a model that walks outwards each time.</summary>
public sealed class RandomScopesTests : LoopTest
{
    [Fact]
    public void What_a_wait_sees_what_a_scope_absorbs_and_what_the_task_counts_is_as_in_the_model()
    {
        for (int seed = 0; seed < 1_000; seed++)
        {
            var program = new Program(new Random(seed));
            RunLoop(async () =>
            {
                LoopTask task = Loop.CreateTask(program.Main());
                (await Catch(task)).Should().BeNull("seed {0}", program.Seed(seed));
            });
        }
    }

    /// <summary>One scope or group as the model knows it.</summary>
    private sealed class Frame
    {
        public bool Level { get; init; }

        public bool Shield { get; set; }

        public bool Cancelled { get; set; }

        public long DeliveredAt { get; set; }

        public long EnteredAt { get; init; }

        public int RequestsAtEntry { get; set; }

        public bool PendingAtEntry { get; init; }

        public CancelScope? Scope { get; init; }

        public TaskGroup? Group { get; init; }
    }

    private sealed class Program(Random random)
    {
        private readonly List<Frame> _frames = [];
        private long _clock;
        private int _requests;
        private bool _pending;
        private long _deliveredAt;
        private int _steps;

        public int Seed(int seed) => seed;

        public async Coroutine Main()
        {
            for (int i = 0; i < 5; i++)
            {
                await Enter();
                _frames.Should().BeEmpty();
                TakeBack();
                (await Catch(Loop.Yield())).Should().BeNull("nothing is left behind the outermost scope");
            }
        }

        // Enters something, runs a body in it, and compares who absorbs what leaves it.
        private async Coroutine Enter()
        {
            bool level = random.Next(3) > 0;
            bool shield = level && random.Next(4) == 0;
            int depth = _frames.Count;
            Exception? left = null;
            bool absorbed = false;
            Exception? thrown = await Catch(level ? InScope() : InGroup());
            _frames.Count.Should().Be(depth, "the frame was left");
            if (left is not null)
            {
                (thrown is null).Should().Be(absorbed);
                if (thrown is not null && depth > 0)
                {
                    throw thrown;
                }
            }
            else
            {
                thrown.Should().BeNull();
            }

            async Coroutine InScope()
            {
                var scope = new CancelScope(null, shield);
                (await scope.RunAsync(async () =>
                    await Body(new Frame { Level = true, Shield = shield, Scope = scope, EnteredAt = _clock, RequestsAtEntry = _requests,
                    PendingAtEntry = _pending })))
                    .Should().Be(left is null);
            }

            Coroutine InGroup() => TaskGroup.Run(async group =>
                await Body(new Frame { Group = group, EnteredAt = _clock, RequestsAtEntry = _requests, PendingAtEntry = _pending }));

            async Coroutine Body(Frame frame)
            {
                _frames.Add(frame);
                try
                {
                    for (int i = random.Next(6); i >= 0; i--)
                    {
                        await Act();
                    }
                }
                catch (OperationCanceledException canceled)
                {
                    left = canceled;
                    absorbed = Absorbs(frame);
                    throw;
                }
                finally
                {
                    _frames.RemoveAt(_frames.Count - 1);
                }
            }
        }

        private async Coroutine Act()
        {
            LoopTask me = Loop.CurrentTask!;
            _steps++;
            switch (random.Next(10))
            {
                case 0 when _frames.Count < 8:
                case 1 when _frames.Count < 8:
                case 2 when _frames.Count < 8 && _steps < 200:
                    await Enter();
                    break;
                case 3:
                    Frame cancelled = _frames[random.Next(_frames.Count)];
                    cancelled.Cancelled = true;
                    cancelled.Scope?.Cancel();
                    cancelled.Group?.Cancel();
                    break;
                case 4:
                    Frame toggled = _frames[random.Next(_frames.Count)];
                    if (toggled.Scope is { } scope)
                    {
                        scope.Shield = toggled.Shield = !toggled.Shield;
                    }

                    break;
                case 5 when random.Next(3) == 0:
                    me.Cancel();
                    _requests++;
                    _pending = true;
                    break;
                case 6:
                    TakeBack();
                    break;
                default:
                    await Wait();
                    break;
            }

            me.CancelRequests.Should().Be(_requests + _frames.Count(static frame => frame.Cancelled));
            Loop.CancellationToken.IsCancellationRequested.Should().Be(TokenFired());
        }

        private async Coroutine Wait()
        {
            bool expected = Sees();
            try
            {
                await (random.Next(2) == 0 ? Loop.Yield() : Loop.Sleep(0));
                expected.Should().BeFalse();
            }
            catch (LoopCanceledException) when (expected)
            {
                if (random.Next(3) > 0)
                {
                    throw;
                }
            }
        }

        private void TakeBack()
        {
            while (_requests > 0)
            {
                _requests--;
                Loop.CurrentTask!.Uncancel();
            }

            _pending = false;
            _deliveredAt = 0;
            _frames.ForEach(static frame => frame.RequestsAtEntry = 0);
        }

        // What the next wait sees, and so delivers.
        private bool Sees()
        {
            bool sees = false;
            for (int i = _frames.Count - 1; i >= 0; i--)
            {
                Frame frame = _frames[i];
                if (frame.Cancelled && (frame.Level || frame.DeliveredAt == 0))
                {
                    sees = true;
                    frame.DeliveredAt = frame.Level ? 0 : ++_clock;
                }

                if (frame.Shield)
                {
                    return sees;
                }
            }

            if (_pending)
            {
                sees = true;
                _pending = false;
                _deliveredAt = ++_clock;
            }

            return sees;
        }

        private bool Absorbs(Frame frame)
        {
            if (!frame.Cancelled || frame.Shield)
            {
                return frame.Cancelled;
            }

            if (_requests > frame.RequestsAtEntry || (frame.PendingAtEntry && _deliveredAt > frame.EnteredAt))
            {
                return false;
            }

            for (int i = _frames.IndexOf(frame) - 1; i >= 0; i--)
            {
                Frame outer = _frames[i];
                if (outer.Cancelled && (outer.Level || outer.DeliveredAt == 0 || outer.DeliveredAt > frame.EnteredAt))
                {
                    outer.DeliveredAt = outer.Level || outer.DeliveredAt > 0 ? outer.DeliveredAt : ++_clock;
                    return false;
                }

                if (outer.Shield)
                {
                    break;
                }
            }

            return true;
        }

        private bool TokenFired()
        {
            for (int i = _frames.Count - 1; i >= 0; i--)
            {
                if (_frames[i].Cancelled)
                {
                    return true;
                }

                if (_frames[i].Shield)
                {
                    return false;
                }
            }

            return _requests > 0;
        }
    }
}
