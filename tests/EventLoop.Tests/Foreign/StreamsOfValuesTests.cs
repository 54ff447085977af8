using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace EventLoop.Tests.Foreign;

/// <summary>IAsyncEnumerable and Channel in coroutines.</summary>
public sealed class StreamsOfValuesTests : LoopTest
{
    [Fact]
    public void An_async_iterator_can_wait_on_the_loop()
    {
        RunLoop(async () =>
        {
            await foreach (int n in Numbers(3))
            {
                Log.Add($"{n}");
            }
        });

        Log.Should().Equal("0", "1", "2", "iterator disposed");
    }

    [Fact]
    public void An_async_iterator_runs_in_the_task_that_enumerates_it() => RunLoop(async () =>
    {
        LoopTask? mine = Loop.CurrentTask;
        await foreach (LoopTask? seen in Tasks())
        {
            seen.Should().BeSameAs(mine);
            Log.Add("seen");
        }

        Log.Should().HaveCount(2);

        static async IAsyncEnumerable<LoopTask?> Tasks()
        {
            yield return Loop.CurrentTask;
            await Loop.Yield();
            yield return Loop.CurrentTask;
        }
    });

    [Fact]
    public void Leaving_an_await_foreach_disposes_the_iterator()
    {
        RunLoop(async () =>
        {
            await foreach (int n in Numbers(10))
            {
                Log.Add($"{n}");
                break;
            }
        });

        Log.Should().Equal("0", "iterator disposed");
    }

    [Fact]
    public void A_cancelled_task_is_interrupted_in_a_wait_of_an_iterator_which_is_disposed() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await foreach (int n in Numbers(int.MaxValue))
            {
                Log.Add("got");
                await Forever();
            }
        });
        await Yields(4);
        task.Cancel();
        await Catch(task);

        task.IsCanceled.Should().BeTrue();
        Log.Should().Equal("got", "iterator disposed");
    });

    [Fact]
    public void A_failure_of_an_iterator_reaches_the_enumerating_coroutine() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Enumerate())).Should().BeSameAs(failure);

        async Coroutine Enumerate()
        {
            await foreach (int n in Failing())
            {
                Log.Add($"{n}");
            }
        }

        async IAsyncEnumerable<int> Failing()
        {
            yield return 1;
            await Loop.Yield();
            throw failure;
        }
    });

    [Fact]
    public void Tasks_of_one_loop_talk_through_a_channel() => RunLoop(async () =>
    {
        Channel<int> channel = Channel.CreateBounded<int>(2);
        LoopTask producer = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                await channel.Writer.WriteAsync(i);
            }

            channel.Writer.Complete();
        });
        List<int> got = [];
        await foreach (int n in channel.Reader.ReadAllAsync())
        {
            got.Add(n);
        }

        await producer;
        got.Should().Equal(Enumerable.Range(0, 100));
    });

    [Fact]
    public void A_thread_feeds_a_task_through_a_channel() => RunLoop(async () =>
    {
        int thread = Environment.CurrentManagedThreadId;
        Channel<int> channel = Channel.CreateUnbounded<int>();
        var producer = new Thread(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                channel.Writer.TryWrite(i);
            }

            channel.Writer.Complete();
        });
        producer.Start();
        List<int> got = [];
        bool alwaysHere = true;
        while (await channel.Reader.WaitToReadAsync())
        {
            alwaysHere &= Environment.CurrentManagedThreadId == thread;
            while (channel.Reader.TryRead(out int n))
            {
                got.Add(n);
            }
        }

        alwaysHere.Should().BeTrue();
        got.Should().Equal(Enumerable.Range(0, 1000));
    });

    [Fact]
    public void A_wait_in_a_channel_is_interrupted_through_the_token_of_the_task() => RunLoop(async () =>
    {
        Channel<int> channel = Channel.CreateUnbounded<int>();
        LoopTask reader = Loop.CreateTask(async () => await channel.Reader.ReadAsync(Loop.CancellationToken));
        await Loop.Yield();
        reader.Cancel();

        (await Catch(reader)).Should().BeAssignableTo<OperationCanceledException>();
        reader.IsCanceled.Should().BeTrue();
    });

    private async IAsyncEnumerable<int> Numbers(int count, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            for (int i = 0; i < count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Loop.Yield();
                yield return i;
            }
        }
        finally
        {
            Log.Add("iterator disposed");
        }
    }
}
