using System.Text;
using EventLoop;
using EventLoop.IO;
using EventLoop.Net;

namespace HttpStatic;

/// <summary>One client's requests, one after another.</summary>
internal sealed class Exchange(Connection connection, Site site)
{
    private const int MostCopied = 64 * 1024;
    private static readonly TimeSpan ResponseTime = TimeSpan.FromMinutes(5);

    /// <summary>How long a connection may wait for its next request; then it is closed without a word.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the head of a request may take from its first byte to its last.</summary>
    public TimeSpan HeadTime { get; init; } = TimeSpan.FromSeconds(10);

    public async Coroutine ServeAsync()
    {
        try
        {
            await AnswerAllAsync();
            await EndAsync();
        }
        catch (Exception gone) when (gone is IOException or TimeoutException)
        {
            connection.Abort();      // the client is gone, or does not take what it asked for: nothing to log
        }
    }

    private async Coroutine AnswerAllAsync()
    {
        try
        {
            while (await NextAsync() is { } request)
            {
                await Loop.WaitFor(AnswerAsync(request), ResponseTime);
                if (!request.KeepAlive || request.HasBody)
                {
                    break;
                }
            }
        }
        catch (BadRequestException bad)
        {
            await RefuseAsync(bad.Status, bad.Message, closes: true);
        }
        catch (LimitOverrunException)
        {
            await RefuseAsync(431, "Request Header Fields Too Large", closes: true);
        }
    }

    // Null: the client has nothing more to ask, or not in time.
    private async Coroutine<Request?> NextAsync()
    {
        // Waiting for a first byte holds no buffer.
        if (!await CancelScope.MoveOnAfter(IdleTime, async Coroutine (_) => { await connection.ReadAsync(Memory<byte>.Empty); }))
        {
            return null;
        }

        try
        {
            return await Loop.WaitFor(Request.ReadAsync(connection), HeadTime);
        }
        catch (TimeoutException)
        {
            throw new BadRequestException(408, "Request Timeout");
        }
    }

    private async Coroutine AnswerAsync(Request request)
    {
        if (request.Method is not ("GET" or "HEAD"))
        {
            await RefuseAsync(405, "Method Not Allowed", closes: !request.KeepAlive || request.HasBody, more: "Allow: GET, HEAD\r\n");
            return;
        }

        await using var file = await site.TryOpenAsync(request.Target);
        if (file?.KnownStatus is not { } status)
        {
            await RefuseAsync(404, "Not Found", closes: !request.KeepAlive || request.HasBody, headOnly: request.Method == "HEAD");
            return;
        }

        var (length, modified) = (status.Length, status.LastWriteTimeUtc);
        string tag = $"\"{modified.Ticks:x}-{length:x}\"";
        string ending = request.KeepAlive ? "\r\n" : "Connection: close\r\n\r\n";
        if (request.IsUnchanged(tag, modified))
        {
            await connection.WriteAsync($"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n{ending}");
            return;
        }

        bool? part = Request.TryParseRange(request.WantsRangeOf(tag, modified) ? request.Range : null, length, out long from, out long count);
        if (part == false)
        {
            await connection.WriteAsync($"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{length}\r\nContent-Length: 0\r\n{ending}");
            return;
        }

        string range = part == true ? $"Content-Range: bytes {from}-{from + count - 1}/{length}\r\n" : "";
        Write(
            $"HTTP/1.1 {(part == true ? "206 Partial Content" : "200 OK")}\r\nContent-Type: {Site.TypeOf(file.Path!)}\r\nContent-Length: "
                + $"{count}\r\nAccept-Ranges: bytes\r\nETag: {tag}\r\nLast-Modified: {modified:R}\r\n{range}{ending}");
        await SendAsync(file, from, request.Method == "GET" ? count : 0);
    }

    // A small file goes out together with its head: one call for both. A larger one without a copy.
    private async Coroutine SendAsync(LoopFile file, long from, long count)
    {
        if (count is > 0 and <= MostCopied)
        {
            int sent = await file.ReadAsync(connection.Output.GetMemory((int)count)[..(int)count], from);
            connection.Output.Advance(sent);
            count -= sent;
        }

        await connection.FlushAsync();
        if (count > 0 && (count <= MostCopied || await connection.SendFileAsync(file, from, count) < count))
        {
            throw new IOException("The file became shorter while it was sent.");
        }
    }

    private void Write(string text) =>
        connection.Output.Advance(Encoding.UTF8.GetBytes(text, connection.Output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));

    private Coroutine<int> RefuseAsync(int status, string reason, bool closes, string more = "", bool headOnly = false) => connection.WriteAsync(
        $"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: "
            + $"{reason.Length}\r\n{more}{(closes ? "Connection: close\r\n" : "")}\r\n{(headOnly ? "" : reason)}");

    // What the client still sends is read for a moment: closing on it would be a reset, which may overtake the answer.
    private async Coroutine EndAsync()
    {
        await connection.ShutdownWriteAsync();
        var rest = new byte[4096];
        await CancelScope.MoveOnAfter(TimeSpan.FromSeconds(1), Drain);

        async Coroutine Drain(CancelScope scope)
        {
            while (await connection.ReadAsync(rest) > 0)
            {
            }
        }
    }
}
