using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Commands;

namespace EventLoop.Tool.Web;

/// <summary>The latest round, for every open page. Any thread.</summary>
/// <param name="name">Of the process, or of the file.</param>
/// <param name="process">Null: what is shown is a file, and nothing will change.</param>
internal sealed class Feed(string name, int? process)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);      // with browsers that do not read

    private readonly object gate = new();      // around what follows but the round that comes
    private readonly List<string> round = [];
    private string latest = "";
    private long rounds;
    private int senders;
    private bool ended;

    internal void OnPart(string kind, byte[] data)
    {
        if (kind == "snapshot")
        {
            round.Add(Encoding.UTF8.GetString(data));
        }
        else if (kind == "round")
        {
            string head = JsonSerializer.Serialize(PlainText.Escape(name), PageJson.Default.String);
            string id = process is { } number ? number.ToString(CultureInfo.InvariantCulture) : "null";
            lock (gate)
            {
                latest = $"{{\"process\":{head},\"pid\":{id},\"loops\":[{string.Join(',', round)}]}}";
                rounds++;
                Monitor.PulseAll(gate);
            }

            round.Clear();
        }
    }

    /// <summary>There will be no more; the open pages are told, as far as they listen.</summary>
    internal void End()
    {
        long began = Stopwatch.GetTimestamp();
        lock (gate)
        {
            ended = true;
            Monitor.PulseAll(gate);
            while (senders > 0 && Patience - Stopwatch.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
            {
                Monitor.Wait(gate, left);
            }
        }
    }

    /// <summary>Sends each round from now on, or what a file holds; returns when there is no more.</summary>
    internal void Send(Stream to)
    {
        lock (gate)
        {
            senders++;
        }

        try
        {
            long sent = 0;
            while (Next(ref sent) is { } text)
            {
                Send(to, $"data: {text}\n\n");
                if (process is null)
                {
                    Send(to, "event: whole\ndata: {}\n\n");
                    return;
                }
            }

            Send(to, "event: ended\ndata: {}\n\n");
        }
        finally
        {
            lock (gate)
            {
                senders--;
                Monitor.PulseAll(gate);
            }
        }
    }

    // The round after the one that was sent last; null: there will be none.
    private string? Next(ref long sent)
    {
        lock (gate)
        {
            while (rounds == sent)
            {
                if (ended)
                {
                    return null;
                }

                Monitor.Wait(gate);
            }

            sent = rounds;
            return latest;
        }
    }

    private static void Send(Stream to, string text)
    {
        to.Write(Encoding.UTF8.GetBytes(text));
        to.Flush();
    }
}
