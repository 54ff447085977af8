namespace EventLoop.AspNetCore.Tests;

/// <summary>Handlers that write their answers on other threads than the loop's. Alone: other tests measure the memory of the whole process.</summary>
[Collection(typeof(Alone))]
public sealed class OtherThreadWriterTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_does_not_read_holds_up_a_writer_on_another_thread_that_pauses_between_writes(bool pauses)
    {
        const int Blocks = 1500;
        long written = 0;
        var ended = new TaskCompletionSource();
        await using var site = await Site.StartAsync(app => app.MapGet("/", (HttpContext http) => Task.Run(async () =>
        {
            byte[] block = new byte[32 * 1024];
            try
            {
                for (int i = 0; i < Blocks && !http.RequestAborted.IsCancellationRequested; i++)
                {
                    await http.Response.Body.WriteAsync(block);
                    Interlocked.Add(ref written, block.Length);
                    if (pauses)
                    {
                        await Task.Delay(1);      // the loop takes what was flushed meanwhile
                    }
                }
            }
            finally
            {
                ended.SetResult();
            }
        })), quiet: true);

        using (var client = await site.ConnectAsync())
        {
            client.Socket.ReceiveBufferSize = 8 * 1024;
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await client.ReadThroughAsync("\r\n\r\n");
            long seen;
            do
            {
                seen = Interlocked.Read(ref written);
                await Task.WhenAny(ended.Task, Task.Delay(2000));
            }
            while (Interlocked.Read(ref written) > seen);

            seen.Should().BeGreaterThan(0).And.BeLessThan(20L << 20);
            client.Socket.LingerState = new(true, 0);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(60));      // a reset ends the wait
    }
}
