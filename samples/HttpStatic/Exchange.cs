using System.Globalization;
using System.Text.Unicode;
using EventLoop;
using EventLoop.IO;
using EventLoop.Net;

namespace HttpStatic;

/// <summary>One client's requests, one after another.</summary>
internal sealed class Exchange(Connection connection, Site site)
{
    private const int MostCopied = 64 * 1024;
    private const int LongestHead = 1024;
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMinutes(5);

    private readonly Request request = new();
    private Waiting waiting;

    /// <summary>What the client is given time for.</summary>
    private enum Waiting
    {
        ForRequest,
        ForRestOfHead,
        ForAnswer,
    }

    /// <summary>How long a connection may wait for its next request; then it is closed without a word.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the head of a request may take from its first byte to its last.</summary>
    public TimeSpan HeadTime { get; init; } = TimeSpan.FromSeconds(10);

    public async Coroutine ServeAsync()
    {
        try
        {
            // One scope for everything that takes time; only its deadline moves.
            bool inTime = await CancelScope.MoveOnAfter(IdleTime, AnswerAllAsync);
            if (!inTime && waiting == Waiting.ForAnswer)
            {
                connection.Abort();
            }
            else if (!inTime && waiting == Waiting.ForRestOfHead)
            {
                await RefuseAsync(408, "Request Timeout", closes: true);
            }
        }
        catch (IOException)
        {
            connection.Abort();      // the client is gone: nothing to log
        }
    }

    private async Coroutine AnswerAllAsync(CancelScope time)
    {
        try
        {
            while (await NextAsync(time))
            {
                Wait(time, Waiting.ForAnswer, AnswerTime);
                await AnswerAsync();
                if (!request.KeepAlive)
                {
                    break;
                }
            }
        }
        catch (BadRequestException bad)
        {
            await RefuseAsync(bad.Status, bad.Message, closes: true);
        }
    }

    // False: the client has nothing more to ask.
    private async Coroutine<bool> NextAsync(CancelScope time)
    {
        request.Clear();
        Wait(time, Waiting.ForRequest, IdleTime);
        while (true)
        {
            var read = await connection.Input.ReadAsync();
            if (TryTake(read.Buffer))
            {
                return true;
            }

            if (read.IsCompleted)
            {
                return read.Buffer.IsEmpty && !request.HasBegun ? false : throw BadRequestException.Unclear();
            }

            if (waiting == Waiting.ForRequest)
            {
                Wait(time, Waiting.ForRestOfHead, HeadTime);
            }
        }
    }

    private bool TryTake(System.Buffers.ReadOnlySequence<byte> input)
    {
        var end = input.End;
        bool isWhole = false;
        try
        {
            return isWhole = request.TryRead(ref input);
        }
        finally
        {
            connection.Input.AdvanceTo(input.Start, isWhole ? input.Start : end);
        }
    }

    private void Wait(CancelScope time, Waiting forWhat, TimeSpan atMost)
    {
        waiting = forWhat;
        time.Deadline = Loop.Current.Time + atMost;
    }

    private async Coroutine AnswerAsync()
    {
        if (request.Method == RequestMethod.Other)
        {
            await RefuseAsync(405, "Method Not Allowed", closes: !request.KeepAlive, more: "Allow: GET, HEAD\r\n");
            return;
        }

        await using var file = await site.TryOpenAsync(request.Target);
        if (file?.KnownStatus is not { } status)
        {
            await RefuseAsync(404, "Not Found", closes: !request.KeepAlive, headOnly: request.Method == RequestMethod.Head);
            return;
        }

        var (from, count) = WriteHead(file, status);
        await SendAsync(file, from, request.Method == RequestMethod.Get ? count : 0);
    }

    // Returns the part of the file that goes with it.
    private (long From, long Count) WriteHead(LoopFile file, FileStatus status)
    {
        var (length, modified) = (status.Length, status.LastWriteTimeUtc);
        string tag = $"\"{modified.Ticks:x}-{length:x}\"";
        string ending = request.KeepAlive ? "\r\n" : "Connection: close\r\n\r\n";
        var head = connection.Output.GetSpan(LongestHead);
        int size;
        if (request.IsUnchanged(tag, modified))
        {
            Utf8.TryWrite(head, $"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n{ending}", out size);
            connection.Output.Advance(size);
            return default;
        }

        bool? part = Request.TryParseRange(request.WantsRangeOf(tag, modified) ? request.Range : null, length, out long from, out long count);
        if (part == false)
        {
            Utf8.TryWrite(head, $"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{length}\r\nContent-Length: 0\r\n{ending}", out size);
            connection.Output.Advance(size);
            return default;
        }

        string result = part == true ? "206 Partial Content" : "200 OK";
        string range = part == true ? $"Content-Range: bytes {from}-{from + count - 1}/{length}\r\n" : "";
        Utf8.TryWrite(
            head,
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {result}\r\nContent-Type: {Site.TypeOf(file.Path!)}\r\nContent-Length: {count}\r\nAccept-Ranges: bytes\r\nETag: {tag}\r\nLast-Modified: {modified:R}\r\n{range}{ending}",
            out size);
        connection.Output.Advance(size);
        return (from, count);
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

    private Coroutine<int> RefuseAsync(int status, string reason, bool closes, string more = "", bool headOnly = false) => connection.WriteAsync(
        $"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: "
            + $"{reason.Length}\r\n{more}{(closes ? "Connection: close\r\n" : "")}\r\n{(headOnly ? "" : reason)}");
}
