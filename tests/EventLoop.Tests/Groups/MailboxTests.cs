using EventLoop.Tests.Net;

namespace EventLoop.Tests.Groups;

public sealed class MailboxTests : GroupTest
{
    [Fact]
    public void Messages_of_many_threads_arrive_in_the_order_of_each_sender() => RunLoop(async () =>
    {
        const int senders = 4, each = 5_000;
        using var mailbox = new Mailbox<(int Sender, int Number)>(0);
        var threads = Enumerable.Range(0, senders).Select(sender => new Thread(() =>
        {
            for (int i = 0; i < each; i++)
            {
                mailbox.TryPost((sender, i)).Should().BeTrue();
            }
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        var next = new int[senders];
        for (int i = 0; i < senders * each; i++)
        {
            var (sender, number) = await mailbox.ReceiveAsync();
            number.Should().Be(next[sender]++);
        }

        threads.ForEach(static thread => thread.Join());
        mailbox.Count.Should().Be(0);
    });

    [Fact]
    public void A_full_mailbox_refuses_TryPost_and_lets_PostAsync_wait_for_room() => RunGroup(async group =>
    {
        using var mailbox = new Mailbox<int>(2);
        var sender = Loop.CreateTask(group.Run(async Coroutine () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                await mailbox.PostAsync(i);
            }
        }));
        await Until(() => mailbox.Count == 2);
        mailbox.TryPost(-1).Should().BeFalse();
        for (int i = 0; i < 1000; i++)
        {
            (await mailbox.ReceiveAsync()).Should().Be(i);
            mailbox.Count.Should().BeLessThanOrEqualTo(2);
        }

        await sender;
    });

    [Fact]
    public void Senders_on_several_loops_all_get_their_turn() => RunGroup(
        async group =>
        {
            using var mailbox = new Mailbox<int>(1);
            var sending = Loop.CreateTask(group.RunOnEach(async Coroutine (index) => await Loop.Gather(Enumerable.Range(0, 10).Select(async Coroutine (task) =>
            {
                for (int i = 0; i < 50; i++)
                {
                    await mailbox.PostAsync((index * 10) + task);
                }
            }))));
            var counts = new int[30];
            for (int i = 0; i < 1500; i++)
            {
                counts[await mailbox.ReceiveAsync()]++;
            }

            counts.Should().OnlyContain(static count => count == 50);
            await sending;
        },
        Group with { Loops = 3 });

    [Fact]
    public void A_receiver_gets_what_is_there_or_waits() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<string>(0);
        mailbox.TryReceive(out _).Should().BeFalse();
        mailbox.TryPost("a").Should().BeTrue();
        mailbox.TryReceive(out string? message).Should().BeTrue();
        message.Should().Be("a");
        var waiting = Loop.CreateTask(mailbox.ReceiveAsync());
        await Yields(2);
        mailbox.TryPost("b");
        (await waiting).Should().Be("b");
    });

    [Fact]
    public void A_cancelled_receiver_takes_nothing() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(0);
        var first = Loop.CreateTask(mailbox.ReceiveAsync());
        var second = Loop.CreateTask(mailbox.ReceiveAsync());
        await Yields(2);
        first.Cancel();
        mailbox.TryPost(1);
        (await second).Should().Be(1);
        (await Catch(first)).Should().BeOfType<LoopCanceledException>();
    });

    [Fact]
    public void A_cancelled_sender_leaves_the_line_and_its_message_is_not_sent() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(1);
        mailbox.TryPost(0);
        var posts = Enumerable.Range(1, 3).Select(i => Loop.CreateTask(mailbox.PostAsync(i))).ToList();
        await Yields(2);
        posts[1].Cancel();
        (await Catch(posts[1])).Should().BeOfType<LoopCanceledException>();
        var received = new List<int>();
        for (int i = 0; i < 3; i++)
        {
            received.Add(await mailbox.ReceiveAsync());
        }

        received.Should().Equal(0, 1, 3);
        await posts[0];
        await posts[2];
    });

    [Fact]
    public void Completed_it_gives_what_is_there_and_then_its_end() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(0);
        mailbox.TryPost(1);
        mailbox.TryPost(2);
        OnThread(mailbox.Complete);
        mailbox.Complete();
        FluentActions.Invoking(() => mailbox.TryPost(3)).Should().Throw<BrokenChannelException>().WithMessage("*completed*");
        (await Catch(mailbox.PostAsync(3))).Should().BeOfType<BrokenChannelException>();
        var all = new List<int>();
        await foreach (int message in mailbox)
        {
            all.Add(message);
        }

        all.Should().Equal(1, 2);
        (await Catch(mailbox.ReceiveAsync())).Should().BeOfType<EndOfChannelException>();
        FluentActions.Invoking(() => mailbox.TryReceive(out _)).Should().Throw<EndOfChannelException>();
    });

    [Fact]
    public void Completing_it_ends_those_who_wait_for_a_message_and_refuses_those_who_wait_for_room() => RunLoop(async () =>
    {
        using var empty = new Mailbox<int>(1);
        var receiving = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(empty.ReceiveAsync())).ToList();
        await Yields(2);
        OnThread(empty.Complete);
        foreach (var receiver in receiving)
        {
            (await Catch(receiver)).Should().BeOfType<EndOfChannelException>();
        }

        using var full = new Mailbox<int>(1);
        full.TryPost(1);
        var posting = Loop.CreateTask(full.PostAsync(2));
        await Yields(2);
        full.Complete();
        (await Catch(posting)).Should().BeOfType<BrokenChannelException>();
        (await full.ReceiveAsync()).Should().Be(1);
    });

    [Fact]
    public void An_enumeration_that_waits_ends_when_another_thread_completes_it() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(0);
        var reading = Loop.CreateTask(async Coroutine<int> () =>
        {
            int sum = 0;
            await foreach (int message in mailbox)
            {
                sum += message;
            }

            return sum;
        });
        for (int i = 1; i <= 10; i++)
        {
            OnThread(() => mailbox.TryPost(i));
            await Yields(2);
        }

        OnThread(mailbox.Complete);
        (await reading).Should().Be(55);
    });

    [Fact]
    public void The_token_of_an_enumeration_ends_it_while_it_waits() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(0);
        using var source = new CancellationTokenSource();
        var reading = Loop.CreateTask(async Coroutine () =>
        {
            await foreach (int _ in mailbox.WithCancellation(source.Token))
            {
            }
        });
        await Yields(2);
        source.Cancel();
        (await Catch(reading)).Should().BeAssignableTo<OperationCanceledException>();
    });

    [Fact]
    public void Disposing_it_refuses_further_and_waiting_messages_and_ends_those_who_receive() => RunLoop(async () =>
    {
        var mailbox = new Mailbox<int>(1);
        mailbox.TryPost(1);
        var posting = Loop.CreateTask(mailbox.PostAsync(2));
        await Yields(2);
        mailbox.Dispose();
        mailbox.Dispose();
        (await Catch(posting)).Should().BeOfType<BrokenChannelException>().Which.Message.Should().Contain("disposed");
        FluentActions.Invoking(() => mailbox.TryPost(3)).Should().Throw<BrokenChannelException>();
        (await Catch(mailbox.ReceiveAsync())).Should().BeOfType<ObjectDisposedException>();

        var other = new Mailbox<int>(1);
        var receiving = Loop.CreateTask(other.ReceiveAsync());
        await Yields(2);
        other.Dispose();
        (await Catch(receiving)).Should().BeOfType<ObjectDisposedException>();
    });

    [Fact]
    public void A_receiver_that_is_gone_refuses_the_sender_that_waits_on_another_loop() => RunGroup(async group =>
    {
        var mailbox = await group.Loops[0].Submit(async Coroutine<Mailbox<int>> () => new Mailbox<int>(1));
        mailbox.TryPost(1).Should().BeTrue();
        var posting = Loop.CreateTask(mailbox.PostAsync(2));
        await Yields(3);
        await group.Loops[0].Submit(mailbox.Dispose);
        (await Catch(posting)).Should().BeOfType<BrokenChannelException>();
    });

    [Fact]
    public void The_end_of_its_loop_refuses_further_and_waiting_messages() => RunLoop(async () =>
    {
        var given = new TaskCompletionSource<Mailbox<int>>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var release = new ManualResetEventSlim();
        var thread = new Thread(() => Loop.Run(async Coroutine () =>
        {
            var own = new Mailbox<int>(1);
            own.TryPost(1);
            given.SetResult(own);
            await Loop.ToThread(() => release.Wait());
        }, Options));
        thread.Start();
        var mailbox = await given.Task;
        var posting = Enumerable.Range(0, 3).Select(i => Loop.CreateTask(mailbox.PostAsync(i))).ToList();
        await Yields(3);
        release.Set();
        foreach (var post in posting)
        {
            (await Catch(post)).Should().BeOfType<BrokenChannelException>().Which.Message.Should().Contain("closed");
        }

        thread.Join();
        FluentActions.Invoking(() => mailbox.TryPost(3)).Should().Throw<BrokenChannelException>();
        mailbox.Dispose();
    });

    [Fact]
    public void A_sender_whose_loop_ends_leaves_the_line() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(1);
        mailbox.TryPost(1);
        OnThread(() => FluentActions.Invoking(() => Loop.Run(Loop.WaitFor(mailbox.PostAsync(2), Seconds(0.02)), Options)).Should().Throw<TimeoutException>());
        (await mailbox.ReceiveAsync()).Should().Be(1);
        mailbox.Count.Should().Be(0);
    });

    [Fact]
    public void It_is_received_on_its_own_loop_only() => RunGroup(async group =>
    {
        using var mailbox = new Mailbox<int>(0);
        (await Catch(group.Run(async Coroutine () => await mailbox.ReceiveAsync()))).Should().BeOfType<InvalidOperationException>();
        (await Catch(group.Run(async Coroutine () => mailbox.TryReceive(out _)))).Should().BeOfType<InvalidOperationException>();
        (await Catch(group.Run(async Coroutine () => mailbox.Dispose()))).Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void It_is_made_on_a_loop_with_a_capacity_that_is_not_negative()
    {
        FluentActions.Invoking(() => new Mailbox<int>(0)).Should().Throw<InvalidOperationException>();
        RunLoop(async () => FluentActions.Invoking(() => new Mailbox<int>(-1)).Should().Throw<ArgumentOutOfRangeException>());
    }

    [Fact]
    public void Posting_and_receiving_allocate_nothing_in_the_steady_state() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(0);
        var posting = Loop.CreateTask(async Coroutine () =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                mailbox.TryPost(i);
                await Loop.Yield();
            }
        });
        for (int i = 0; i < 1000; i++)
        {
            await mailbox.ReceiveAsync();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            await mailbox.ReceiveAsync();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(10_000);
        await posting;
    });

    [Fact]
    public void Whoever_waits_for_a_message_is_not_overtaken() => RunLoop(async () =>
    {
        using var mailbox = new Mailbox<int>(0);
        var first = Loop.CreateTask(mailbox.ReceiveAsync());
        await Yields(1);
        mailbox.TryPost(1);
        mailbox.TryReceive(out _).Should().BeFalse();
        mailbox.TryPost(2);
        (await mailbox.ReceiveAsync()).Should().Be(2);
        (await first).Should().Be(1);
    });

    [Fact]
    public void Messages_that_come_while_others_are_handed_out_are_all_received() => RunLoop(async () =>
    {
        const int senders = 3, each = 40_000;
        using var mailbox = new Mailbox<int>(0);
        var threads = Enumerable.Range(0, senders).Select(sender => new Thread(() =>
        {
            var random = new Random(sender);
            for (int i = 0; i < each; i++)
            {
                mailbox.TryPost(i);
                Thread.SpinWait(random.Next(60));
            }
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        int received = 0;
        var receivers = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(async () =>
        {
            await foreach (int message in mailbox)
            {
                if (++received == senders * each)
                {
                    mailbox.Complete();
                }
            }
        })).ToList();
        await Loop.Gather(receivers);
        threads.ForEach(static thread => thread.Join());
        received.Should().Be(senders * each);
    });
}
