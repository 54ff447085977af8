using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using EventLoop;
using EventLoop.Net;

namespace Soak;

/// <summary>Workers that make one connection after another, each with manners, sizes and delays of its own.</summary>
internal sealed class SoakClients(int port, int workers, int seed)
{
    private readonly Account _account = new();
    private readonly List<string> _wrong = [];
    private readonly Watch _watch = new("clients");
    private long _echoes;

    public async Coroutine<IReadOnlyList<string>> RunAsync(TimeSpan time)
    {
        Loop.Current.ExceptionHandler = (_, context) => Wrong($"{context.Message}: {context.Exception}");
        Console.WriteLine($"clients: {workers} workers, {time.TotalSeconds:0} s, seed {seed}");
        await Loop.Yield();
        _watch.Begin();
        LoopTask watching = Loop.CreateTask(_watch.RunAsync(() => $"{_account.Connections.Sum()} connections, {_echoes} echoes"));
        var watch = Stopwatch.StartNew();
        await TaskGroup.Run(async Coroutine (group) =>
        {
            for (int worker = 0; worker < workers; worker++)
                group.StartSoon(WorkAsync(new Random(unchecked(seed * 1000 + worker)), watch, time));
        });

        _wrong.AddRange(await _watch.JudgeAsync(ownTasks: 1));
        watching.Cancel();
        Account server = await ServersAccountAsync();
        _wrong.AddRange(_account.Differences(server));
        foreach (var (manners, seen) in new[] { (Manners.ClientResets, server), (Manners.ServerResets, _account) })
        {
            if (seen.Resets[(int)manners] != _account.Connections[(int)manners])
                _wrong.Add($"{manners}: {_account.Connections[(int)manners]} resets were sent, {seen.Resets[(int)manners]} arrived as errors");
        }

        Console.WriteLine($"clients: {_account}; {_account.Frames.Sum()} frames sent and {server.Frames.Sum()} arrived where nobody reset; {_echoes} echoes, "
            + "all checked");
        return _wrong;
    }

    private async Coroutine WorkAsync(Random random, Stopwatch watch, TimeSpan time)
    {
        while (watch.Elapsed < time)
        {
            var manners = (Manners)random.Next(Account.Kinds);
            int connectionSeed = random.Next();
            try
            {
                await ConverseAsync(manners, random.Next(2, 40), connectionSeed, random);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                Exception cause = failure is AggregateException { InnerException: { } inner } ? inner : failure;
                Wrong($"{manners}, connection seed {connectionSeed}: {cause.GetType().Name}: {cause.Message}");
            }

            await Loop.Sleep(random.Next(20));
        }
    }

    private async Coroutine ConverseAsync(Manners manners, int count, int connectionSeed, Random random)
    {
        await using Connection connection = await Tcp.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port),
            new ConnectOptions { Timeout = TimeSpan.FromSeconds(30) });
        _account.Connections[(int)manners]++;
        await connection.WriteAsync(Hello(manners, count, connectionSeed));

        // A conversation that takes a minute has come to a standstill.
        await CancelScope.FailAfter(TimeSpan.FromSeconds(60), async _ => await TaskGroup.Run(async group =>
        {
            group.StartSoon(SendAsync(connection, manners, count, connectionSeed, new Random(random.Next())));
            await ReadAsync(connection, manners, count, connectionSeed, random);
            if (manners is Manners.ClientResets or Manners.ServerResets)
                group.Cancel("reset");
        }));
    }

    private async Coroutine SendAsync(Connection connection, Manners manners, int count, int connectionSeed, Random random)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(Frame.Header + Frame.MostBytes);
        try
        {
            for (int number = 0; number < count; number++)
            {
                int length = manners switch
                {
                    Manners.Trickling => random.Next(60),
                    Manners.Lazy => Frame.MostBytes - random.Next(1000),
                    _ => random.Next(10) == 0 ? random.Next(Frame.MostBytes) : random.Next(2000),
                };
                Frame.Write(frame, connectionSeed, number, length);
                await SendPiecesAsync(connection, frame.AsMemory(0, Frame.Header + length), manners == Manners.Trickling ? random : null);
                _account.Frames[(int)manners] += manners is Manners.ClientResets or Manners.ServerResets ? 0 : 1;
                if (random.Next(4) == 0 && manners != Manners.Lazy)
                    await Loop.Sleep(random.Next(5));
            }

            if (manners is not (Manners.ClientResets or Manners.ServerResets))
                await connection.ShutdownWriteAsync();
        }
        catch (IOException) when (manners == Manners.ServerResets)
        {
            // The reader has to hear of it, too.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private static async Coroutine SendPiecesAsync(Connection connection, ReadOnlyMemory<byte> bytes, Random? random)
    {
        while (random is not null && bytes.Length > 8)
        {
            int some = random.Next(1, 8);
            await connection.WriteAsync(bytes[..some]);
            bytes = bytes[some..];
            if (random.Next(8) == 0)
                await Loop.Sleep(1);
        }

        await connection.WriteAsync(bytes);
    }

    private async Coroutine ReadAsync(Connection connection, Manners manners, int count, int connectionSeed, Random random)
    {
        if (manners == Manners.Lazy)
            await Loop.Sleep(random.Next(300));
        int expected = manners switch
        {
            Manners.ServerEndsFirst => count / 2,
            Manners.ClientResets => random.Next(1, count),
            _ => count,
        };
        byte[] frame = ArrayPool<byte>.Shared.Rent(Frame.Header + Frame.MostBytes);
        int echoes = 0;
        try
        {
            for (; echoes < expected; echoes++, _echoes++)
            {
                await ReadExactlyAsync(connection, frame.AsMemory(0, Frame.Header), manners);
                var (length, number) = Frame.ReadHeader(frame);
                if (number != echoes || length is < 0 or > Frame.MostBytes)
                    throw new InvalidDataException($"The echo of frame {number} with {length} bytes came instead of that of frame {echoes}.");
                await ReadExactlyAsync(connection, frame.AsMemory(Frame.Header, length), manners);
                if (!Frame.IsRight(frame.AsSpan(Frame.Header, length), connectionSeed, number))
                    throw new InvalidDataException($"The echo of frame {number} with {length} bytes has other bytes than were sent.");
            }

            if (manners == Manners.ClientResets)
                connection.Abort();
            else if (manners == Manners.ServerResets)
                Wrong($"ServerResets: all {echoes} echoes came from a server that had to reset before");
            else if (await connection.ReadToEndAsync() is { Length: > 0 } more)
                throw new InvalidDataException($"{more.Length} bytes came behind the last echo.");
        }
        catch (IncompleteReadException) when (manners == Manners.ServerResets)
        {
            Wrong($"ServerResets, connection seed {connectionSeed}: after {echoes} of {count} echoes a reset came as a clean end");
        }
        catch (IOException reset) when (manners == Manners.ServerResets && reset is not IncompleteReadException)
        {
            _account.Resets[(int)manners]++;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    // A cancelled read has consumed nothing, so that it may be cancelled as often as one likes.
    private static async Coroutine ReadExactlyAsync(Connection connection, Memory<byte> buffer, Manners manners)
    {
        if (manners == Manners.Trickling)
        {
            while (!await CancelScope.MoveOnAfter(TimeSpan.FromMilliseconds(0.5), async _ => await connection.ReadExactlyAsync(buffer)))
            {
            }
        }
        else
        {
            await connection.ReadExactlyAsync(buffer);
        }
    }

    private async Coroutine<Account> ServersAccountAsync()
    {
        await using Connection connection = await Tcp.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        await connection.WriteAsync(Hello(Manners.Report, 0, 0));
        string line = await connection.ReadLineAsync() ?? throw new InvalidDataException("The server gave no account.");
        return JsonSerializer.Deserialize<Account>(line)!;
    }

    private static byte[] Hello(Manners manners, int count, int connectionSeed)
    {
        byte[] hello = new byte[Frame.Hello];
        BinaryPrimitives.WriteInt32LittleEndian(hello, (int)manners);
        BinaryPrimitives.WriteInt32LittleEndian(hello.AsSpan(4), count);
        BinaryPrimitives.WriteInt32LittleEndian(hello.AsSpan(8), connectionSeed);
        return hello;
    }

    private void Wrong(string what)
    {
        if (_wrong.Count < 5)
            _wrong.Add(what);
    }
}
