using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace EventLoop.Tests.Foreign;

/// <summary>Awaiters of others that break their contract: they get an exception, and no coroutine but the one that awaits them notices.</summary>
public sealed class FaultyAwaiterTests : LoopTest
{
    [Fact]
    public void A_second_call_of_a_continuation_throws_and_ends_nobody_elses_wait() => RunLoop(async () =>
    {
        var awaitable = new Faulty();
        var faulty = Loop.CreateTask(async Coroutine () => await awaitable);
        await Loop.Yield();
        Action continuation = awaitable.Continuation!;
        continuation();
        await faulty;

        var other = new Faulty();
        var innocent = Loop.CreateTask(async Coroutine () => await other);
        await Loop.Yield();
        FluentActions.Invoking(continuation).Should().Throw<InvalidOperationException>().WithMessage("*called its continuation a second time*");
        await Loop.Yield();
        innocent.IsCompleted.Should().BeFalse();

        other.Continuation!();
        await innocent;
    });

    [Fact]
    public void A_second_call_of_the_source_of_a_ValueTask_throws_and_ends_nobody_elses_wait() => RunLoop(async () =>
    {
        var source = new FaultySource();
        var faulty = Loop.CreateTask(async Coroutine () => await new ValueTask(source, 0));
        await Loop.Yield();
        source.Continue!();
        await faulty;

        var gate = new TaskCompletionSource();
        var innocent = Loop.CreateTask(async Coroutine () => await gate.Task);
        await Loop.Yield();
        FluentActions.Invoking(source.Continue!).Should().Throw<InvalidOperationException>();
        await Loop.Yield();
        innocent.IsCompleted.Should().BeFalse();

        gate.SetResult();
        await innocent;
    });

    [Fact]
    [RealTime("two threads race")]
    public void Of_two_threads_that_call_a_continuation_at_the_same_moment_one_gets_an_exception() => RunLoop(async () =>
    {
        for (int round = 0; round < 500; round++)
        {
            var awaitable = new Faulty();
            int goesOn = 0;
            var task = Loop.CreateTask(async Coroutine () =>
            {
                await awaitable;
                goesOn++;
            });
            await Loop.Yield();
            int arrived = 0;
            var refusals = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                Interlocked.Increment(ref arrived);
                SpinWait.SpinUntil(() => Volatile.Read(ref arrived) == 2);
                return Record.Exception(awaitable.Continuation!);
            })));
            await task;

            goesOn.Should().Be(1);
            refusals.Count(static refusal => refusal is InvalidOperationException).Should().Be(1);
        }
    });

    [Fact]
    public void An_awaiter_that_throws_instead_of_taking_the_continuation_and_calls_it_later_gets_an_exception() => RunLoop(async () =>
    {
        var awaitable = new Faulty { Refusal = new InvalidDataException() };
        var gate = new AsyncEvent();
        var task = Loop.CreateTask(async Coroutine () =>
        {
            (await CatchAwait(awaitable)).Should().BeOfType<InvalidDataException>();
            await gate.WaitAsync();
        });
        await Loop.Yield();

        FluentActions.Invoking(awaitable.Continuation!).Should().Throw<InvalidOperationException>();
        await Loop.Yield();
        task.IsCompleted.Should().BeFalse();

        gate.Set();
        await task;
    });

    [Fact]
    public void An_awaiter_that_calls_its_continuation_and_throws_besides_resumes_the_coroutine_once() => RunLoop(async () =>
    {
        var awaitable = new Faulty { CallsAtOnce = true, Refusal = new InvalidDataException() };
        int goesOn = 0;
        await Loop.CreateTask(async Coroutine () =>
        {
            await awaitable;
            goesOn++;
            await Loop.Yield();
        });

        goesOn.Should().Be(1);
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<InvalidDataException>();
    });

    [Fact]
    public void Who_awaits_a_ValueTask_second_gets_the_exception_and_runs_his_finally_blocks() => RunLoop(async () =>
    {
        var source = new SoundSource();
        var first = Loop.CreateTask(Await(new ValueTask(source, 0)));
        var mutex = new AsyncLock();
        var second = Loop.CreateTask(async Coroutine () =>
        {
            using (await mutex.AcquireAsync())
            {
                await new ValueTask(source, 0);
            }
        });
        await Loop.Yield();
        await Loop.Yield();

        (await Catch(second)).Should().BeOfType<InvalidOperationException>();
        mutex.IsLocked.Should().BeFalse();
        first.IsCompleted.Should().BeFalse();

        source.Set();
        await first;

        static async Coroutine Await(ValueTask task) => await task;
    });

    private static async Coroutine<Exception?> CatchAwait(Faulty awaitable)
    {
        try
        {
            await awaitable;
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private sealed class Faulty : ICriticalNotifyCompletion
    {
        internal Action? Continuation { get; private set; }

        internal Exception? Refusal { get; init; }

        internal bool CallsAtOnce { get; init; }

        public bool IsCompleted => false;

        public Faulty GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            Continuation = continuation;
            if (CallsAtOnce)
            {
                continuation();
            }

            if (Refusal is not null)
            {
                throw Refusal;
            }
        }
    }

    private sealed class FaultySource : IValueTaskSource
    {
        internal Action? Continue { get; private set; }

        public ValueTaskSourceStatus GetStatus(short token) => ValueTaskSourceStatus.Pending;

        public void GetResult(short token)
        {
        }

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            Continue = () => continuation(state);
    }

    private sealed class SoundSource : IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<bool> core;

        internal void Set() => core.SetResult(true);

        public ValueTaskSourceStatus GetStatus(short token) => core.GetStatus(token);

        public void GetResult(short token) => core.GetResult(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            core.OnCompleted(continuation, state, token, flags);
    }
}
