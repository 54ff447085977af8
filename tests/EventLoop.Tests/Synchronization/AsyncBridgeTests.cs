using System.Threading.Channels;

namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class AsyncBridgeTests : LoopTest
{
    [Fact]
    public void Readers_on_the_pool_take_what_the_loop_sends() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(4);
        ChannelReader<int> reader = receiver.ToChannelReader(2);
        Task<List<int>> pool = Task.Run(async () => await reader.ReadAllAsync().ToListAsync());

        using (sender)
        {
            for (int i = 0; i < 100; i++)
            {
                await sender.SendAsync(i);
            }
        }

        (await pool).Should().Equal(Enumerable.Range(0, 100));
    });

    [Fact]
    public void Writers_on_the_pool_send_to_the_loop() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        ChannelWriter<int> writer = sender.ToChannelWriter(2);
        Task pool = Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                await writer.WriteAsync(i);
            }

            writer.Complete();
        });
        var taken = new List<int>();
        await foreach (int item in receiver)
        {
            taken.Add(item);
        }

        await pool;
        taken.Should().Equal(Enumerable.Range(0, 100));
    });

    [Fact]
    public void Writers_learn_that_all_receivers_are_gone() => RunLoop(async () =>
    {
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        ChannelWriter<int> writer = sender.ToChannelWriter(1);
        receiver.Dispose();
        Exception? failure = await Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await writer.WriteAsync(1);
                }
            }
            catch (ChannelClosedException closed)
            {
                return closed.InnerException;
            }
        });

        failure.Should().BeOfType<BrokenChannelException>();
    });

    [Fact]
    public void A_foreign_reader_becomes_a_receiver() => RunLoop(async () =>
    {
        var foreign = Channel.CreateUnbounded<int>();
        ChannelReceiver<int> receiver = foreign.Reader.ToReceiver();
        _ = Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                await foreign.Writer.WriteAsync(i);
            }

            foreign.Writer.Complete();
        });
        var taken = new List<int>();
        await foreach (int item in receiver)
        {
            taken.Add(item);
        }

        taken.Should().Equal(Enumerable.Range(0, 100));
    });

    [Fact]
    public void A_foreign_writer_becomes_a_sender() => RunLoop(async () =>
    {
        var foreign = Channel.CreateBounded<int>(1);
        Task<List<int>> pool = Task.Run(async () => await foreign.Reader.ReadAllAsync().ToListAsync());
        using (ChannelSender<int> sender = foreign.Writer.ToSender())
        {
            for (int i = 0; i < 100; i++)
            {
                await sender.SendAsync(i);
            }
        }

        (await pool).Should().Equal(Enumerable.Range(0, 100));
    });

    [Fact]
    public void A_foreign_writer_that_is_completed_breaks_the_sender() => RunLoop(async () =>
    {
        var foreign = Channel.CreateBounded<int>(1);
        using ChannelSender<int> sender = foreign.Writer.ToSender();
        foreign.Writer.Complete();

        (await Catch(SendForever(sender))).Should().BeOfType<BrokenChannelException>();

        static async Coroutine SendForever(ChannelSender<int> sender)
        {
            while (true)
            {
                await sender.SendAsync(1);
            }
        }
    });

    [Fact]
    public void The_end_of_the_run_ends_the_bridges()
    {
        var foreign = Channel.CreateBounded<int>(1);
        ChannelReader<int>? reader = null;
        RunLoop(async () =>
        {
            _ = foreign.Reader.ToReceiver();
            reader = MemoryChannel.Create<int>(0).Receiver.ToChannelReader();
            await Yields(3);
        });

        reader!.Completion.IsCompleted.Should().BeTrue();
        Reported.Should().BeEmpty();
    }
}
