using System.Globalization;
using System.Text;

namespace LocalServer;

/// <summary>What is served: pages of a given size, and the link graph.</summary>
internal sealed class Site(int pageSize, LinkGraph graph)
{
    private readonly byte[] _filling = Encoding.ASCII.GetBytes(string.Create(pageSize, "All work and no play makes Jack a dull boy.\n",
        (page, sentence) =>
        {
            for (int i = 0; i < page.Length; i++)
                page[i] = sentence[i % sentence.Length];
        }));

    public Response Respond(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
    {
        [] => Response.Html("""<html><body><a href="/page/1">a page</a> <a href="/graph/site0/0">the link graph</a></body></html>"""),
        ["page", var number] when IsNumber(number, out _) => new Response("200 OK", "text/plain; charset=utf-8", _filling),
        ["graph", var host, var number] when IsNumber(number, out int page) && graph.Render(host, page) is { } html => Response.Html(html),
        _ => Response.Text("404 Not Found", $"There is no {path} here."),
    };

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
