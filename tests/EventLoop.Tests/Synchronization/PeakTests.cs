using EventLoop.Diagnostics;
using EventLoop.Net;

namespace EventLoop.Tests.Synchronization;

/// <summary>The most that queues, channels, limiters, connections and servers have seen.</summary>
public sealed class PeakTests : LoopTest
{
    [Fact]
    public void A_queue_keeps_the_most_items_getters_and_putters_that_it_has_seen() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>(2);
        queue.Statistics.Should().Match<QueueStatistics>(static seen => seen.PeakCount == 0 && seen.PeakGetters == 0 && seen.PeakPutters == 0);

        var getters = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(async () => { await queue.GetAsync(); })).ToList();
        await Loop.Yield();
        getters[2].Cancel();
        await Loop.Yield();
        queue.TryPut(0).Should().BeTrue();
        queue.TryPut(0).Should().BeTrue();
        queue.Statistics.PeakCount.Should().Be(0, "what is handed to a waiting getter is never in it");

        var putters = Enumerable.Range(0, 5).Select(i => Loop.CreateTask(async () => await queue.PutAsync(i))).ToList();
        await Loop.Yield();
        queue.Statistics.Putters.Should().HaveCount(3);
        while (!queue.IsEmpty)
        {
            await queue.GetAsync();
        }

        queue.Statistics.Should().Match<QueueStatistics>(static seen =>
            seen.Count == 0 && seen.PeakCount == 2 && seen.PeakGetters == 3 && seen.PeakPutters == 3 && seen.Getters.Count == 0 && seen.Putters.Count == 0);
        await Loop.GatherOutcomes([.. getters, .. putters]);
    });

    [Fact]
    public void Queues_of_other_orders_keep_their_peaks_too() => RunLoop(async () =>
    {
        var stack = new AsyncStack<int>();
        var priorities = new AsyncPriorityQueue<int, int>();
        for (int i = 0; i < 20; i++)
        {
            stack.TryPut(i);
            priorities.TryPut(i, -i);
        }

        stack.Shutdown(immediate: true);
        priorities.TryGet(out _);
        await Loop.Yield();

        stack.Statistics.Should().Match<QueueStatistics>(static seen => seen.Count == 0 && seen.PeakCount == 20);
        priorities.Statistics.Should().Match<QueueStatistics>(static seen => seen.Count == 19 && seen.PeakCount == 20);
    });

    [Fact]
    public void A_channel_keeps_the_most_items_senders_and_receivers_that_it_has_seen() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(2);
        var receivers = Enumerable.Range(0, 2).Select(_ => Loop.CreateTask(async () => { await receiver.ReceiveAsync(); })).ToList();
        await Loop.Yield();
        var senders = Enumerable.Range(0, 7).Select(i => Loop.CreateTask(async () => await sender.SendAsync(i))).ToList();
        await Loop.Yield();
        for (int i = 0; i < 5; i++)
        {
            await receiver.ReceiveAsync();
        }

        receiver.Statistics.Should().Match<ChannelStatistics>(static seen => seen.Count == 0 && seen.PeakCount == 2 && seen.PeakSenders == 3
            && seen.PeakReceivers == 2 && seen.WaitingSenders.Count == 0);
        await Loop.Gather([.. receivers, .. senders]);
    });

    [Fact]
    public void A_limiter_keeps_the_most_tokens_that_were_lent_and_the_most_that_waited() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(2);
        var release = new AsyncEvent();
        var borrowers = Enumerable.Range(0, 6).Select(_ => Loop.CreateTask(async () =>
        {
            using (await limiter.AcquireAsync())
            {
                await release.WaitAsync();
            }
        })).ToList();
        await Loop.Yield();
        limiter.TotalTokens = 3;
        release.Set();
        await Loop.Gather(borrowers);

        limiter.BorrowedTokens.Should().Be(0);
        limiter.PeakBorrowedTokens.Should().Be(3);
        limiter.PeakWaiting.Should().Be(4);
    });

    [Fact]
    public void A_connection_keeps_the_most_that_was_unsent_and_a_server_the_most_connections() => RunLoop(async () =>
    {
        var release = new AsyncEvent();
        var arrived = new AsyncSemaphore(0);
        await using var server = Tcp.Listen("127.0.0.1", 0, async connection =>
        {
            arrived.Release();
            await release.WaitAsync();
            await connection.ReadToEndAsync();
        });
        await using var first = await Tcp.ConnectAsync(server.EndPoint);
        await using var second = await Tcp.ConnectAsync(server.EndPoint);
        await arrived.AcquireAsync();
        await arrived.AcquireAsync();
        server.PeakConnectionCount.Should().Be(2);
        await first.WriteAsync("short");
        first.PeakUnsentBytes.Should().Be(0, "the system took it at once");

        byte[] much = new byte[64 * 1024 * 1024];
        var writing = Loop.CreateTask(async () => { await first.WriteAsync(much); await first.ShutdownWriteAsync(); });
        await Loop.Yield();
        await Loop.Yield();
        first.UnsentBytes.Should().BePositive("nobody reads");
        release.Set();
        await writing;
        await second.ShutdownWriteAsync();

        first.UnsentBytes.Should().Be(0);
        first.PeakUnsentBytes.Should().BePositive();
        server.PeakConnectionCount.Should().Be(2);
    });

    [Fact]
    public void A_snapshot_shows_what_is_named_with_its_peaks_as_text_and_as_JSON_there_and_back() => RunLoop(async () =>
    {
        var jobs = new AsyncQueue<int>(10).Named("jobs\u001b[2J");
        var (sender, receiver) = MemoryChannel.Create<int>(1);
        receiver.Named("pipe");
        var limiter = new CapacityLimiter(1).Named("one at once");
        var unused = new AsyncQueue<int>().Named("of no loop");
        jobs.TryPut(1);
        jobs.TryPut(2);
        jobs.TryGet(out _);
        sender.TrySend(1);
        limiter.TryAcquire();
        var waiting = Loop.CreateTask(async () => await limiter.AcquireAsync());
        await Loop.Yield();

        var snapshot = Loop.Current.TakeSnapshot();

        snapshot.Resources.Should().Equal(
            new ResourceSnapshot(WaitKind.Limiter, "one at once", 1, 1, 1, 1, 1),
            new ResourceSnapshot(WaitKind.Queue, "jobs\u001b[2J", 1, 10, 2, 0, 0),
            new ResourceSnapshot(WaitKind.Channel, "pipe", 1, 1, 1, 0, 0));
        snapshot.ToString().Should().Contain("NAMED queue 'jobs\\u001B[2J': 1 of 10 (peak 2), 0 waiting (peak 0)").And.NotContain("of no loop");
        snapshot.ToText(SnapshotView.Bunches).Should().Contain("NAMED limiter 'one at once': 1 of 1 (peak 1), 1 waiting (peak 1)");
        var json = new MemoryStream();
        snapshot.WriteJson(json);
        json.Position = 0;
        LoopSnapshot.ReadJson(json).Resources.Should().Equal(snapshot.Resources);
        limiter.Release();
        await waiting;

        // Names hold nothing: what nobody uses any more is not shown.
        GC.KeepAlive(unused);
        GC.KeepAlive(jobs);
        GC.KeepAlive(sender);
        GC.KeepAlive(receiver);
    });
}
