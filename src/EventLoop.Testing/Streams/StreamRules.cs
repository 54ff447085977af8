namespace EventLoop.Testing;

/// <summary>The rules of <see cref="StreamConformance"/>, each a separate check.</summary>
internal sealed class StreamRules
{
    private readonly Func<Stream, Task>? shutdownWrite;

    internal StreamRules(Func<Stream, Task>? shutdownWrite)
    {
        this.shutdownWrite = shutdownWrite;
        All =
        [
            ("says that it reads and writes and does not seek", SaysWhatItCanDo),
            ("delivers bytes as they were sent", DeliversBytes),
            ("a read gives what is there without waiting for a full buffer", ReadsWhatIsThere),
            ("a read waits for data", WaitsForData),
            ("loses, doubles and reorders nothing, whatever the sizes", KeepsOrder),
            ("both directions work at once", WorksBothWays),
            ("an empty write sends nothing", EmptyWriteSendsNothing),
            ("a read into an empty buffer takes nothing", EmptyReadTakesNothing),
            ("a cancelled read throws and loses nothing", CancelledReadLosesNothing),
            ("a cancelled token throws at once", CancelledTokenThrows),
            ("the other end's disposal is the end of the data, again and again", DisposalIsTheEnd),
            ("writing to a closed other end fails with IOException", WritingToNobodyFails),
            ("throws ObjectDisposedException after its disposal, which may be repeated", DisposedThrows),
            ("refuses wrong arguments", RefusesWrongArguments),
        ];
        if (shutdownWrite is not null)
        {
            All.Add(("a half-close ends one direction and leaves the other", HalfCloseEndsOneDirection));
        }
    }

    internal List<(string Rule, Func<Stream, Stream, Task> Check)> All { get; }

    private static Task SaysWhatItCanDo(Stream one, Stream other)
    {
        Demand(one is { CanRead: true, CanWrite: true, CanSeek: false }, "CanRead, CanWrite, CanSeek are not true, true, false");
        MustThrow<NotSupportedException>("Length", () => _ = one.Length);
        MustThrow<NotSupportedException>("Seek", () => one.Seek(0, SeekOrigin.Begin));
        MustThrow<NotSupportedException>("SetLength", () => one.SetLength(0));
        return Task.CompletedTask;
    }

    private static async Task DeliversBytes(Stream one, Stream other)
    {
        byte[] sent = Pattern(300);
        await SendAsync(one, sent);
        Same(sent, await ReadExactlyAsync(other, sent.Length));
    }

    private static async Task ReadsWhatIsThere(Stream one, Stream other)
    {
        await SendAsync(one, Pattern(3));
        int count = await other.ReadAsync(new byte[100]);
        Demand(count is >= 1 and <= 3, $"a read after 3 bytes were sent gave {count}");
    }

    private static async Task WaitsForData(Stream one, Stream other)
    {
        var reading = ReadExactlyAsync(other, 1);
        await Task.Yield();
        Demand(!reading.IsCompleted, "a read of nothing was complete");
        var writing = SendAsync(one, Pattern(1));
        Same(Pattern(1), await reading);
        await writing;
    }

    private static async Task KeepsOrder(Stream one, Stream other)
    {
        byte[] sent = Pattern(200_000);
        var writing = WriteInPieces(one, sent, new Random(1));
        Same(sent, await ReadInPieces(other, sent.Length, new Random(2)));
        await writing;
    }

    private static async Task WorksBothWays(Stream one, Stream other)
    {
        byte[] sent = Pattern(150_000);
        var writings = Task.WhenAll(WriteInPieces(one, sent, new Random(3)), WriteInPieces(other, sent, new Random(4)));
        var readings = await Task.WhenAll(ReadInPieces(one, sent.Length, new Random(5)), ReadInPieces(other, sent.Length, new Random(6)));
        await writings;
        Same(sent, readings[0]);
        Same(sent, readings[1]);
    }

    private static async Task EmptyWriteSendsNothing(Stream one, Stream other)
    {
        await one.WriteAsync(ReadOnlyMemory<byte>.Empty);
        await SendAsync(one, [7]);
        byte[] buffer = new byte[4];
        int count = await other.ReadAsync(buffer);
        Demand(count == 1 && buffer[0] == 7, $"the read after an empty write gave {count} bytes");
    }

    private static async Task EmptyReadTakesNothing(Stream one, Stream other)
    {
        await SendAsync(one, Pattern(2));
        Demand(await other.ReadAsync(Memory<byte>.Empty) == 0, "a read into an empty buffer gave bytes");
        Same(Pattern(2), await ReadExactlyAsync(other, 2));
    }

    private static async Task CancelledReadLosesNothing(Stream one, Stream other)
    {
        using var source = new CancellationTokenSource();
        var reading = other.ReadAsync(new byte[10], source.Token).AsTask();
        await Task.Yield();
        source.Cancel();
        await MustThrowAsync<OperationCanceledException>("a cancelled read", reading);
        await SendAsync(one, Pattern(5));
        Same(Pattern(5), await ReadExactlyAsync(other, 5));
    }

    private static async Task CancelledTokenThrows(Stream one, Stream other)
    {
        var canceled = new CancellationToken(canceled: true);
        await MustThrowAsync<OperationCanceledException>("ReadAsync", Attempt(() => other.ReadAsync(new byte[1], canceled).AsTask()));
        await MustThrowAsync<OperationCanceledException>("WriteAsync", Attempt(() => one.WriteAsync(new byte[1], canceled).AsTask()));
    }

    private static async Task DisposalIsTheEnd(Stream one, Stream other)
    {
        var writing = SendAsync(one, Pattern(4));
        Same(Pattern(4), await ReadExactlyAsync(other, 4));
        await writing;
        await one.DisposeAsync();
        for (int i = 0; i < 3; i++)
        {
            int count = await other.ReadAsync(new byte[10]);
            Demand(count == 0, $"a read after the end gave {count}");
        }
    }

    private static async Task WritingToNobodyFails(Stream one, Stream other)
    {
        await other.DisposeAsync();
        for (int i = 0; i < 1000; i++)
        {
            try
            {
                await one.WriteAsync(new byte[64 * 1024]);
                await one.FlushAsync();
            }
            catch (IOException)
            {
                return;
            }
        }

        throw new StreamConformanceException("60 MB were written to nobody without a failure");
    }

    private static async Task DisposedThrows(Stream one, Stream other)
    {
        await one.DisposeAsync();
        await one.DisposeAsync();
        Demand(one is { CanRead: false, CanWrite: false }, "a disposed stream says that it reads or writes");
        await MustThrowAsync<ObjectDisposedException>("ReadAsync", Attempt(() => one.ReadAsync(new byte[1]).AsTask()));
        await MustThrowAsync<ObjectDisposedException>("WriteAsync", Attempt(() => one.WriteAsync(new byte[1]).AsTask()));
    }

    private static async Task RefusesWrongArguments(Stream one, Stream other)
    {
        await MustThrowAsync<ArgumentNullException>("ReadAsync(null)", Attempt(() => one.ReadAsync(null!, 0, 0)));
        await MustThrowAsync<ArgumentOutOfRangeException>("ReadAsync beyond the buffer", Attempt(() => one.ReadAsync(new byte[1], 0, 2)));
        await MustThrowAsync<ArgumentNullException>("WriteAsync(null)", Attempt(() => one.WriteAsync(null!, 0, 0)));
        await MustThrowAsync<ArgumentOutOfRangeException>("WriteAsync beyond the buffer", Attempt(() => one.WriteAsync(new byte[1], 2, 1)));
    }

    private async Task HalfCloseEndsOneDirection(Stream one, Stream other)
    {
        var writing = SendAsync(one, Pattern(3));
        Same(Pattern(3), await ReadExactlyAsync(other, 3));
        await writing;
        await shutdownWrite!(one);
        Demand(await other.ReadAsync(new byte[1]) == 0, "the other end did not see the end");
        writing = SendAsync(other, Pattern(6));
        Same(Pattern(6), await ReadExactlyAsync(one, 6));
        await writing;
    }

    // ---- Helpers

    // In lockstep a write ends when it was read, so a check must not wait for it before it reads.
    private static Task SendAsync(Stream stream, byte[] bytes)
    {
        var sending = Send();
        if (sending.IsCompleted)
        {
            return sending;
        }

        // The check reads everything that is sent; what is still pending when it ends is ended with the stream.
        sending.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return Task.CompletedTask;

        async Task Send()
        {
            await stream.WriteAsync(bytes);
            await stream.FlushAsync();
        }
    }

    private static async Task WriteInPieces(Stream stream, byte[] bytes, Random random)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int count = Math.Min(random.Next(4) == 0 ? 1 : random.Next(1, 20_000), bytes.Length - at);
            await stream.WriteAsync(bytes.AsMemory(at, count));
            at += count;
        }

        await stream.FlushAsync();
    }

    private static async Task<byte[]> ReadInPieces(Stream stream, int total, Random random)
    {
        byte[] bytes = new byte[total];
        for (int at = 0; at < total;)
        {
            int count = await stream.ReadAsync(bytes.AsMemory(at, Math.Min(random.Next(1, 10_000), total - at)));
            Demand(count > 0, $"the data ended after {at} of {total} bytes");
            at += count;
        }

        return bytes;
    }

    private static Task<byte[]> ReadExactlyAsync(Stream stream, int count) => ReadInPieces(stream, count, new Random(0));

    private static byte[] Pattern(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static void Same(byte[] sent, byte[] received)
    {
        int at = sent.AsSpan().CommonPrefixLength(received);
        Demand(at == sent.Length && at == received.Length, $"the bytes differ from number {at} on");
    }

    private static void Demand(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new StreamConformanceException(otherwise);
        }
    }

    private static void MustThrow<TException>(string what, Action action)
        where TException : Exception
    {
        try
        {
            action();
        }
        catch (TException)
        {
            return;
        }

        throw new StreamConformanceException($"{what} did not throw {typeof(TException).Name}");
    }

    private static async Task Attempt(Func<Task> action) => await action();

    private static async Task MustThrowAsync<TException>(string what, Task task)
        where TException : Exception
    {
        try
        {
            await task;
        }
        catch (TException)
        {
            return;
        }
        catch (Exception other)
        {
            throw new StreamConformanceException($"{what} threw {other.GetType().Name} instead of {typeof(TException).Name}");
        }

        throw new StreamConformanceException($"{what} did not throw {typeof(TException).Name}");
    }
}
