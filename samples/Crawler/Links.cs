using System.Text.RegularExpressions;

namespace Crawler;

/// <summary>The addresses that a page links to: absolute, without fragment.</summary>
internal static partial class Links
{
    public static IEnumerable<Uri> In(string html, Uri page)
    {
        foreach (Match match in Reference().Matches(html))
        {
            if (Uri.TryCreate(page, System.Net.WebUtility.HtmlDecode(match.Groups["address"].Value), out Uri? link) && link.Scheme is "http" or "https")
                yield return new Uri(link.GetLeftPart(UriPartial.Query));
        }
    }

    [GeneratedRegex("""<a\s[^>]*href\s*=\s*["'](?<address>[^"']+)["']""", RegexOptions.IgnoreCase)]
    private static partial Regex Reference();
}
