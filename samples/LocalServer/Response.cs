using System.Text;

namespace LocalServer;

internal sealed record Response(string Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    public static Response Html(string html) => new("200 OK", "text/html; charset=utf-8", Encoding.UTF8.GetBytes(html));

    public static Response Text(string status, string text) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text + "\n"));
}
