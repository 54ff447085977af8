using System.Globalization;

namespace LocalServer;

/// <summary>
/// A small web: hosts site0, site1, ... with as many pages each, the same on every run. Page n links to its children 2n+1 and 2n+2
/// (so that page 0 leads to every page of its host), back home, across to 7n+3, and every fourth page to the same page of the next host
/// (so that site0/0 leads everywhere). Links come in the forms that a crawler has to cope with: absolute, relative, with a fragment.
/// </summary>
internal sealed class LinkGraph(int hosts, int pages)
{
    /// <summary>The page as HTML; null where there is none.</summary>
    public string? Render(string host, int page)
    {
        if (!host.StartsWith("site", StringComparison.Ordinal)
            || !int.TryParse(host.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int site)
            || site >= hosts || page >= pages)
            return null;

        IEnumerable<string> links = Links(site, page).Select(link => $"""    <li><a href="{link}">{link}</a></li>""");
        return $"""
            <!doctype html>
            <html>
            <head><title>{host}, page {page}</title></head>
            <body>
              <h1>{host}, page {page} of {pages}</h1>
              <ul>
            {string.Join('\n', links)}
              </ul>
            </body>
            </html>
            """;
    }

    private IEnumerable<string> Links(int site, int page)
    {
        foreach (long child in (long[])[2L * page + 1, 2L * page + 2])
            if (child < pages)
                yield return $"{child}";                              // relative: a sibling in the same folder
        yield return $"/graph/site{site}/{(7L * page + 3) % pages}";  // absolute path
        yield return "0#top";                                         // relative, with a fragment
        if (page % 4 == 0)
            yield return $"../site{(site + 1) % hosts}/{page}";       // another host
    }
}
