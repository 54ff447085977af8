using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text.Json;
using EventLoop;
using EventLoop.Net;

namespace Soak;

/// <summary>Echoes frames, checks each, and keeps the account that the clients ask for at the end.</summary>
internal sealed class SoakServer
{
    private readonly Account _account = new();
    private readonly List<string> _wrong = [];
    private readonly Watch _watch = new("server");
    private Server? _server;
    private LoopFuture? _reported;

    public async Coroutine<IReadOnlyList<string>> RunAsync()
    {
        _reported = Loop.Current.CreateFuture();
        Loop.Current.ExceptionHandler = (_, context) => Wrong($"{context.Message}: {context.Exception}");
        _server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), ServeAsync);
        Console.WriteLine($"listening {((IPEndPoint)_server.EndPoint).Port}");
        await Loop.Yield();
        _watch.Begin();
        LoopTask watching = Loop.CreateTask(_watch.RunAsync(() => $"{_server.ConnectionCount} connections, {_account.Frames.Sum()} frames"));
        await _reported;
        while (_server.ConnectionCount > 0)
            await Loop.Sleep(10);
        _wrong.AddRange(await _watch.JudgeAsync(ownTasks: 1));
        watching.Cancel();
        await _server.StopAsync(TimeSpan.Zero);
        return _wrong;
    }

    private async Coroutine ServeAsync(Connection connection)
    {
        byte[] hello = await connection.ReadExactlyAsync(Frame.Hello);
        var manners = (Manners)BinaryPrimitives.ReadInt32LittleEndian(hello);
        int count = BinaryPrimitives.ReadInt32LittleEndian(hello.AsSpan(4));
        int seed = BinaryPrimitives.ReadInt32LittleEndian(hello.AsSpan(8));
        if (manners == Manners.Report)
        {
            await ReportAsync(connection);
            return;
        }

        _account.Connections[(int)manners]++;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Frame.Header + Frame.MostBytes);
        int frames = 0;
        try
        {
            while (await EchoAsync(connection, buffer, seed, frames, echoes: manners != Manners.ServerEndsFirst || frames < count / 2))
            {
                frames++;
                if (manners == Manners.ServerEndsFirst && frames == count / 2)
                    await connection.ShutdownWriteAsync();
                if (manners == Manners.ServerResets && frames == count / 2)
                {
                    connection.Abort();
                    return;
                }
            }

            if (manners is Manners.ClientResets or Manners.ServerResets)
                Wrong($"{manners}: after {frames} of {count} frames a reset came as a clean end");
            else if (frames != count)
                Wrong($"{manners}: {frames} of {count} frames arrived");
            _account.Frames[(int)manners] += frames;
        }
        catch (IOException) when (manners == Manners.ClientResets)
        {
            _account.Resets[(int)manners]++;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // False: the client has ended.
    private async Coroutine<bool> EchoAsync(Connection connection, byte[] buffer, int seed, int expected, bool echoes)
    {
        try
        {
            await connection.ReadExactlyAsync(buffer.AsMemory(0, Frame.Header));
        }
        catch (IncompleteReadException end) when (end.Partial.IsEmpty)
        {
            return false;
        }

        var (length, number) = Frame.ReadHeader(buffer);
        if (number != expected || length is < 0 or > Frame.MostBytes)
            throw new InvalidDataException($"Frame {number} of {length} bytes came instead of frame {expected}.");
        await connection.ReadExactlyAsync(buffer.AsMemory(Frame.Header, length));
        if (!Frame.IsRight(buffer.AsSpan(Frame.Header, length), seed, number))
            throw new InvalidDataException($"Frame {number} of {length} bytes has other bytes than were sent.");
        if (echoes)
            await connection.WriteAsync(buffer.AsMemory(0, Frame.Header + length));
        return true;
    }

    private async Coroutine ReportAsync(Connection connection)
    {
        for (int i = 0; i < 500 && _server!.ConnectionCount > 1; i++)
            await Loop.Sleep(10);
        if (_server!.ConnectionCount > 1)
            Wrong($"{_server.ConnectionCount - 1} connections are still served 5 s after their clients have gone");
        await connection.WriteAsync(JsonSerializer.Serialize(_account) + "\n");
        await connection.ShutdownWriteAsync();
        _reported!.TrySetResult();
    }

    private void Wrong(string what)
    {
        if (_wrong.Count < 20)
            _wrong.Add(what);
    }
}
