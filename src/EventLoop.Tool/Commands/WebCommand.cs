using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using EventLoop.Tool.Files;
using EventLoop.Tool.Targets;
using EventLoop.Tool.Web;

namespace EventLoop.Tool.Commands;

/// <summary>Shows what <c>top</c>, <c>pstree</c> and <c>doctor</c> show, live, as a page on loopback; or a recording, or a dump. It changes nothing.</summary>
internal static class WebCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to) =>
        line.Process is null && line.Operands is [var path] ? ShowFile(path, line, to) : ShowProcess(line, to);

    private static ExitCode ShowProcess(CommandLine line, TextWriter to)
    {
        var target = Target.Find(line.RequiredProcess);
        var feed = new Feed(target.Name, target.Id);
        using var listener = Serve(line, feed, new LiveRecording(target, line.Timeout), out string link);
        bool hasAnswered = false;
        bool hasLoop = false;
        bool isMissing = false;
        var arguments = Answers.Arguments(line);
        arguments["ms"] = "1000";
        arguments["most"] = (line.Has("--all") ? int.MaxValue : line.Number("--most", 500)).ToString(CultureInfo.InvariantCulture);
        try
        {
            Question.Stream(target, "every", arguments, line.Timeout, OnPart, () => Volatile.Read(ref isMissing));
        }
        finally
        {
            feed.End();
        }

        return isMissing ? throw Answers.NoLoop(target, line) : ExitCode.Fine;

        void OnPart(string kind, byte[] part)
        {
            if (!hasAnswered && kind == "snapshot")
            {
                hasLoop = true;
                Answers.Snapshot(part);      // that of a newer library is refused here, not by the page
            }

            if (!hasAnswered && kind == "round")
            {
                if (!hasLoop && line.Loop is not null)
                {
                    Volatile.Write(ref isMissing, true);
                    return;
                }

                hasAnswered = true;      // there is something to be seen
                to.WriteLine(link);
                to.Flush();
            }

            feed.OnPart(kind, part);
        }
    }

    private static ExitCode ShowFile(string path, CommandLine line, TextWriter to)
    {
        if (!File.Exists(path))
        {
            throw new ToolException(ExitCode.Usage, $"There is no file {path}.");
        }

        var feed = new Feed(Path.GetFileName(path), process: null);
        FileRecording recording;
        if (RecordFile.IsOne(path))
        {
            line.RefuseChoice($"{path} is a recording of one loop");
            var read = RecordFile.Read(path, out long lost);
            recording = new FileRecording(new Timeline(read, lost));
        }
        else
        {
            var dumps = Answers.Dumps(line);
            recording = new FileRecording(dumps);
            foreach (var dump in dumps)
            {
                var json = new MemoryStream();
                dump.Snapshot.WriteJson(json);
                feed.OnPart("snapshot", json.ToArray());
            }
        }

        feed.OnPart("round", []);
        using var listener = Serve(line, feed, recording, out string link);
        to.WriteLine(link);
        to.Flush();
        Thread.Sleep(Timeout.Infinite);
        return ExitCode.Fine;
    }

    // On threads of its own.
    private static HttpListener Serve(CommandLine line, Feed feed, IPageRecording recording, out string link)
    {
        string key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var listener = Listen(line.Number("--port", 0, most: ushort.MaxValue), out int port);
        link = $"http://127.0.0.1:{port}/?key={key}   (Ctrl-C ends it)";
        new Thread(() => Serve(listener, key, port, feed, recording)) { IsBackground = true, Name = "web" }.Start();
        return listener;
    }

    private static HttpListener Listen(int asked, out int port)
    {
        for (int attempt = 0; ; attempt++)
        {
            port = asked != 0 ? asked : RandomNumberGenerator.GetInt32(20_000, 60_000);
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException failure)
            {
                listener.Close();
                if (asked != 0 || attempt > 20)
                {
                    throw new ToolException(ExitCode.Usage, $"Port {port} cannot be opened: {failure.Message}");
                }
            }
        }
    }

    private static void Serve(HttpListener listener, string key, int port, Feed feed, IPageRecording recording)
    {
        while (listener.IsListening)
        {
            HttpListenerContext request;
            try
            {
                request = listener.GetContext();
            }
            catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            new Thread(() => Answer(request, key, port, feed, recording)) { IsBackground = true }.UnsafeStart();
        }
    }

    private static void Answer(HttpListenerContext request, string key, int port, Feed feed, IPageRecording recording)
    {
        var response = request.Response;
        try
        {
            response.Headers["X-Content-Type-Options"] = "nosniff";
            response.Headers["Referrer-Policy"] = "no-referrer";
            response.Headers["Cache-Control"] = "no-store";
            if (!IsAllowed(request.Request, key, port))
            {
                response.StatusCode = 403;
                Write(response, "text/plain; charset=utf-8", "Use the link that the tool has printed.");
                return;
            }

            switch (request.Request.Url?.AbsolutePath)
            {
                case "/":
                    string nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
                    response.Headers["Content-Security-Policy"] = $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src "
                        + "'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
                    Write(response, "text/html; charset=utf-8", Page.Replace("NONCE", nonce, StringComparison.Ordinal));
                    break;
                case "/events":
                    response.ContentType = "text/event-stream";
                    response.SendChunked = true;
                    feed.Send(response.OutputStream);
                    break;
                case "/record":
                    Record(request, recording);
                    break;
                case "/timeline":
                    Show(request, recording);
                    break;
                default:
                    response.StatusCode = 404;
                    break;
            }
        }
        catch (Exception failure) when (failure is IOException or HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The browser has gone.
        }
        finally
        {
            try
            {
                response.Close();
            }
            catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                // It had gone before.
            }
        }
    }

    private static void Record(HttpListenerContext request, IPageRecording recording)
    {
        var asked = request.Request.QueryString;
        var span = Seconds(asked["for"]) is { } given && given > TimeSpan.Zero ? given : TimeSpan.FromSeconds(1);
        byte[] made;
        try
        {
            made = recording.Record(asked["loop"], span).ToJson();
        }
        catch (ToolException problem)
        {
            request.Response.StatusCode = 409;
            Write(request.Response, "text/plain; charset=utf-8", problem.Message);
            return;
        }

        Write(request.Response, Json, made);
    }

    private static void Show(HttpListenerContext request, IPageRecording recording)
    {
        var asked = request.Request.QueryString;
        if (recording.Latest(asked["loop"]) is { } timeline)
        {
            Write(request.Response, Json, timeline.ToJson(Seconds(asked["from"]), Seconds(asked["to"])));
            return;
        }

        request.Response.StatusCode = 404;
        Write(request.Response, "text/plain; charset=utf-8", "There is no recording: the recorder was off, or it is not kept any more.");
    }

    private static TimeSpan? Seconds(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && Math.Abs(seconds) < 1e10
        ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
        : null;

    /// <summary>Allows only requests with the key of the link, under the name of loopback, and from no other page.</summary>
    internal static bool IsAllowed(HttpListenerRequest request, string key, int port) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.QueryString["key"] ?? ""), Encoding.UTF8.GetBytes(key))
        && IsHere(request.UserHostName, request.Headers["Origin"], port)
        && request.HttpMethod == "GET";

    // A browser leaves out the port that everybody uses.
    private static bool IsHere(string host, string? origin, int port)
    {
        string[] names = port == 80 ? ["127.0.0.1:80", "127.0.0.1"] : [string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}")];
        return names.Contains(host) && (origin is null || names.Any(name => origin == "http://" + name));
    }

    private static string Page { get; } = ReadPage();

    private static string ReadPage()
    {
        using var stream = typeof(WebCommand).Assembly.GetManifestResourceStream("page.html")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private const string Json = "application/json; charset=utf-8";

    private static void Write(HttpListenerResponse response, string type, string text) => Write(response, type, Encoding.UTF8.GetBytes(text));

    private static void Write(HttpListenerResponse response, string type, byte[] bytes)
    {
        response.ContentType = type;
        response.ContentLength64 = bytes.Length;
        response.OutputStream.Write(bytes);
    }
}
