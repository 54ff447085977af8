namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class MemoryChannelTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_rendezvous_makes_the_sender_wait_for_the_receiver() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        sender.TrySend(9).Should().BeFalse();
        LoopTask send = Loop.CreateTask(sender.SendAsync(1));
        await Loop.Yield();
        send.WaitingOn.Should().Be("channel (to send)");
        sender.Statistics.WaitingSenders.Should().Equal(send);

        (await receiver.ReceiveAsync()).Should().Be(1);
        await send;

        LoopTask<int> receive = Loop.CreateTask(receiver.ReceiveAsync());
        await Loop.Yield();
        receive.WaitingOn.Should().Be("channel (to receive)");
        receiver.Statistics.WaitingReceivers.Should().Equal(receive);
        sender.TrySend(2).Should().BeTrue();
        (await receive).Should().Be(2);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_buffer_holds_as_many_as_its_capacity_and_keeps_the_order() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(2);
        await sender.SendAsync(1);
        await sender.SendAsync(2);
        sender.TrySend(9).Should().BeFalse();
        LoopTask third = Loop.CreateTask(sender.SendAsync(3));
        await Loop.Yield();
        third.IsCompleted.Should().BeFalse();

        receiver.TryReceive(out int first).Should().BeTrue();
        first.Should().Be(1);
        sender.TrySend(9).Should().BeFalse("the place belongs to the sender that waits");
        await third;
        (await receiver.ReceiveAsync()).Should().Be(2);
        (await receiver.ReceiveAsync()).Should().Be(3);
        receiver.TryReceive(out _).Should().BeFalse();
    });

    [Fact]
    public void Receivers_get_what_is_left_when_all_senders_are_disposed_and_then_the_end() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(5);
        ChannelSender<int> clone = sender.Clone();
        await sender.SendAsync(1);
        sender.Dispose();
        sender.Dispose();
        await clone.SendAsync(2);
        clone.Dispose();

        (await receiver.ReceiveAsync()).Should().Be(1);
        (await receiver.ReceiveAsync()).Should().Be(2);
        (await Catch(receiver.ReceiveAsync())).Should().BeOfType<EndOfChannelException>();
        FluentActions.Invoking(() => receiver.TryReceive(out _)).Should().Throw<EndOfChannelException>();
    });

    [Fact]
    public void The_last_sender_to_close_wakes_every_waiting_receiver() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        var receivers = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(Catch(receiver.ReceiveAsync()))).ToList();
        await Loop.Yield();
        sender.Dispose();
        (await Loop.Gather(receivers)).Should().AllBeOfType<EndOfChannelException>();
    });

    [Fact]
    public void The_last_receiver_to_close_breaks_the_channel_for_senders() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(1);
        await sender.SendAsync(1);
        LoopTask<Exception?> waiting = Loop.CreateTask(Catch(sender.SendAsync(2)));
        await Loop.Yield();
        ChannelReceiver<int> clone = receiver.Clone();
        receiver.Dispose();
        await Loop.Yield();
        waiting.IsCompleted.Should().BeFalse();
        clone.Dispose();

        (await waiting).Should().BeOfType<BrokenChannelException>();
        (await Catch(sender.SendAsync(3))).Should().BeOfType<BrokenChannelException>();
        FluentActions.Invoking(() => sender.TrySend(3)).Should().Throw<BrokenChannelException>();
        sender.Statistics.Count.Should().Be(0);
    });

    [Fact]
    public void A_disposed_half_is_of_no_use_and_wakes_those_who_wait_by_it() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        ChannelSender<int> otherSender = sender.Clone();
        ChannelReceiver<int> otherReceiver = receiver.Clone();
        LoopTask<Exception?> receive = Loop.CreateTask(Catch(receiver.ReceiveAsync()));
        LoopTask<int> other = Loop.CreateTask(otherReceiver.ReceiveAsync());
        await Loop.Yield();

        receiver.Dispose();
        (await receive).Should().BeOfType<ObjectDisposedException>();
        (await Catch(receiver.ReceiveAsync())).Should().BeOfType<ObjectDisposedException>();
        FluentActions.Invoking(() => receiver.TryReceive(out _)).Should().Throw<ObjectDisposedException>();
        FluentActions.Invoking(receiver.Clone).Should().Throw<ObjectDisposedException>();
        await sender.SendAsync(1);
        (await other).Should().Be(1);

        LoopTask<Exception?> send = Loop.CreateTask(Catch(sender.SendAsync(2)));
        LoopTask last = Loop.CreateTask(otherSender.SendAsync(3));
        await Loop.Yield();
        sender.Dispose();
        (await send).Should().BeOfType<ObjectDisposedException>();
        (await Catch(sender.SendAsync(2))).Should().BeOfType<ObjectDisposedException>();
        FluentActions.Invoking(() => sender.TrySend(2)).Should().Throw<ObjectDisposedException>();
        FluentActions.Invoking(sender.Clone).Should().Throw<ObjectDisposedException>();
        (await otherReceiver.ReceiveAsync()).Should().Be(3);
        await last;
        ChannelStatistics statistics = otherReceiver.Statistics;
        statistics.OpenSenders.Should().Be(1);
        statistics.OpenReceivers.Should().Be(1);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void An_item_given_to_a_receiver_is_delivered_despite_cancellation_and_closing() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        LoopTask<int> receive = Loop.CreateTask(receiver.ReceiveAsync());
        await Loop.Yield();
        sender.TrySend(1).Should().BeTrue();
        receive.Cancel();
        sender.Dispose();
        receiver.Dispose();
        (await receive).Should().Be(1);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_send_that_was_taken_has_succeeded_despite_cancellation_and_closing() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        LoopTask send = Loop.CreateTask(sender.SendAsync(1));
        await Loop.Yield();
        receiver.TryReceive(out int item).Should().BeTrue();
        send.Cancel();
        receiver.Dispose();
        sender.Dispose();
        item.Should().Be(1);
        await send;
    });

    [Fact]
    public void A_cancelled_sender_sends_nothing_and_a_cancelled_receiver_takes_nothing() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        LoopTask leaver = Loop.CreateTask(sender.SendAsync(1));
        LoopTask stayer = Loop.CreateTask(sender.SendAsync(2));
        await Loop.Yield();
        leaver.Cancel();
        (await receiver.ReceiveAsync()).Should().Be(2);
        await stayer;
        (await Catch(leaver)).Should().BeOfType<LoopCanceledException>();

        LoopTask<int> gone = Loop.CreateTask(receiver.ReceiveAsync());
        LoopTask<int> here = Loop.CreateTask(receiver.ReceiveAsync());
        await Loop.Yield();
        gone.Cancel();
        await sender.SendAsync(3);
        (await here).Should().Be(3);
        (await Catch(gone)).Should().BeOfType<LoopCanceledException>();
    });

    [OneSchedule("it would take long, and shows a depth, a size or a collection")]
    [Fact]
    public void Clones_for_many_producers_and_consumers_end_by_themselves() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(3);
        var taken = new List<int>();
        await TaskGroup.Run(async group =>
        {
            using (sender)
            using (receiver)
            {
                for (int i = 0; i < 4; i++)
                {
                    _ = group.CreateTask(Produce(sender.Clone(), i * 100));
                    _ = group.CreateTask(Consume(receiver.Clone()));
                }
            }
        });

        taken.Should().BeEquivalentTo(Enumerable.Range(0, 4).SelectMany(static i => Enumerable.Range(i * 100, 50)));

        async Coroutine Produce(ChannelSender<int> own, int from)
        {
            using (own)
            {
                for (int i = 0; i < 50; i++)
                {
                    await own.SendAsync(from + i);
                }
            }
        }

        async Coroutine Consume(ChannelReceiver<int> own)
        {
            using (own)
            {
                await foreach (int item in own)
                {
                    taken.Add(item);
                }
            }
        }
    });

    [Fact]
    public void A_negative_capacity_throws()
    {
        FluentActions.Invoking(() => MemoryChannel.Create<int>(-1)).Should().Throw<ArgumentOutOfRangeException>();
    }
}
