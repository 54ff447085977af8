using System.Text;
using EventLoop;
using EventLoop.Net;
using Microsoft.Win32.SafeHandles;

namespace HttpStatic;

/// <summary>One client's requests, one after another.</summary>
internal sealed class Exchange(Connection connection, Site site)
{
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

        if (site.Find(request.Target) is not { } file)
        {
            await RefuseAsync(404, "Not Found", closes: !request.KeepAlive || request.HasBody, headOnly: request.Method == "HEAD");
            return;
        }

        // Pipes and devices claim to be empty, and opening one may block the loop. So what is empty is not opened.
        using var handle = file.Length > 0 ? TryOpen(file) : null;
        if (handle is null && file.Length > 0)
        {
            await RefuseAsync(404, "Not Found", closes: !request.KeepAlive || request.HasBody, headOnly: request.Method == "HEAD");
            return;
        }

        long length = handle is null ? 0 : RandomAccess.GetLength(handle);
        string tag = $"\"{file.LastWriteTimeUtc.Ticks:x}-{length:x}\"";
        if (request.IsUnchanged(tag, file.LastWriteTimeUtc))
        {
            await connection.WriteAsync($"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n{(request.KeepAlive ? "" : "Connection: close\r\n")}\r\n");
            return;
        }

        bool? part = Request.TryParseRange(request.WantsRangeOf(tag, file.LastWriteTimeUtc) ? request.Range : null, length, out long from, out long count);
        if (part == false)
        {
            await connection.WriteAsync($"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{length}\r\nContent-Length: 0\r\n{(request.KeepAlive ? "" : "Connection: close\r\n")}\r\n");
            return;
        }

        var head = new StringBuilder(part == true ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n");
        head.Append($"Content-Type: {Site.TypeOf(file.Name)}\r\nContent-Length: {count}\r\nAccept-Ranges: bytes\r\nETag: {tag}\r\nLast-Modified: {file.LastWriteTimeUtc:R}\r\n");
        if (part == true)
        {
            head.Append($"Content-Range: bytes {from}-{from + count - 1}/{length}\r\n");
        }

        head.Append(request.KeepAlive ? "\r\n" : "Connection: close\r\n\r\n");
        await connection.WriteAsync(head.ToString());
        if (request.Method == "GET" && handle is not null && await connection.SendFileAsync(handle, from, count) < count)
        {
            throw new IOException("The file became shorter while it was sent.");
        }
    }

    // It may have gone since it was looked for, and not every file may be read.
    private static SafeFileHandle? TryOpen(FileInfo file)
    {
        try
        {
            return File.OpenHandle(file.FullName);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private Coroutine<int> RefuseAsync(int status, string reason, bool closes, string more = "", bool headOnly = false) => connection.WriteAsync(
        $"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {reason.Length}\r\n{more}{(closes ? "Connection: close\r\n" : "")}\r\n{(headOnly ? "" : reason)}");

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
