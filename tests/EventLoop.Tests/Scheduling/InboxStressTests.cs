namespace EventLoop.Tests.Scheduling;

[UnderSeeds(50)]
public sealed class InboxStressTests : LoopTest
{
    private const int PostsPerProducer = 20_000;

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(8)]
    public void Every_post_arrives_once_and_in_the_order_of_its_producer(int producers)
    {
        int[] next = new int[producers];
        int outOfOrder = 0;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            LoopFuture all = loop.CreateFuture();
            int arrived = 0;
            Thread[] threads = [.. Enumerable.Range(0, producers).Select(p => new Thread(() => Produce(loop, p)))];
            Array.ForEach(threads, static thread => thread.Start());
            await all;
            Array.ForEach(threads, static thread => thread.Join());
            await Yields(3);
            arrived.Should().Be(producers * PostsPerProducer);

            void Produce(Loop target, int producer)
            {
                for (int i = 0; i < PostsPerProducer; i++)
                {
                    target.Post(Arrive, (producer, i));
                }
            }

            void Arrive((int Producer, int Number) post)
            {
                outOfOrder += next[post.Producer]++ == post.Number ? 0 : 1;
                if (++arrived == producers * PostsPerProducer)
                {
                    all.SetResult();
                }
            }
        });

        outOfOrder.Should().Be(0);
        next.Should().OnlyContain(static count => count == PostsPerProducer);
    }

    [OneSchedule("it would take long, and shows a depth, a size or a collection")]
    [Fact]
    public void No_wake_up_is_lost_when_posts_meet_a_loop_that_is_about_to_park() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        using var turn = new SemaphoreSlim(0);
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 5000; i++)
            {
                turn.Wait();
                loop.Post(static f => ((LoopFuture)f).SetResult(), (object)Volatile.Read(ref _current)!);
            }
        });
        thread.Start();
        for (int i = 0; i < 5000; i++)
        {
            LoopFuture future = loop.CreateFuture();
            Volatile.Write(ref _current, future);
            turn.Release();
            await future;
        }

        thread.Join();
    });

    [Fact]
    public void Posts_and_foreign_completions_and_timers_together_lose_nothing() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        int posted = 0;
        LoopTask<int>[] tasks = [.. Enumerable.Range(0, 500).Select(n => Loop.CreateTask(async () =>
        {
            await Task.Run(() => loop.Post(() => posted++));
            await Loop.Sleep(n % 3);
            return await Task.Run(() => n);
        }))];

        (await Loop.Gather(tasks)).Should().Equal(Enumerable.Range(0, 500));
        await Yields(3);
        posted.Should().Be(500);
    });

    [Fact]
    public void Submissions_of_many_threads_all_come_back() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        int[] sums = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            int sum = 0;
            for (int i = 0; i < 500; i++)
            {
                sum += await loop.Submit(() => After(i % 3, 1));
            }

            return sum;
        })));

        sums.Should().OnlyContain(static sum => sum == 500);
    });

    [Fact]
    public void Cancelling_submissions_while_they_complete_settles_every_one() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        int settled = await Task.Run(async () =>
        {
            int count = 0;
            for (int i = 0; i < 500; i++)
            {
                using var source = new CancellationTokenSource();
                Task<int> work = loop.Submit(() => After(3, 1), source.Token);
                await source.CancelAsync();
                Exception? exception = await Record.ExceptionAsync(() => work);
                count += exception is null or OperationCanceledException ? 1 : 0;
            }

            return count;
        });

        settled.Should().Be(500);
    });

    private LoopFuture? _current;
}
