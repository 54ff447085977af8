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
    private readonly Lock gate = new();
    private readonly List<string> round = [];
    private string latest = "";
    private long rounds;
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
            }

            round.Clear();
        }
    }

    internal void End()
    {
        lock (gate)
        {
            ended = true;
        }
    }

    internal void Send(Stream to)
    {
        long sent = 0;
        while (true)
        {
            string? text = null;
            bool over;
            lock (gate)
            {
                if (rounds != sent)
                {
                    sent = rounds;
                    text = latest;
                }

                over = ended;
            }

            if (text is not null)
            {
                to.Write(Encoding.UTF8.GetBytes($"data: {text}\n\n"));
                to.Flush();
            }

            if (over)
            {
                to.Write("event: ended\ndata: {}\n\n"u8);
                return;
            }

            Thread.Sleep(50);
        }
    }
}
