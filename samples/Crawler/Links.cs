using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Crawler;

/// <summary>The addresses that a page links to: absolute, without fragment.</summary>
internal static partial class Links
{
    public static IEnumerable<Uri> In(string html, Uri page)
    {
        foreach (Match match in Reference().Matches(html))
        {
            if (TryResolve(page, System.Net.WebUtility.HtmlDecode(match.Groups["address"].Value), out Uri? link))
                yield return link;
        }
    }

    /// <summary>A reference as a page has it, such as <c>../other#top</c>. False: it leads to no page.</summary>
    public static bool TryResolve(Uri page, string reference, [NotNullWhen(true)] out Uri? link)
    {
        bool leads = Uri.TryCreate(page, reference, out link) && link.Scheme is "http" or "https";
        link = leads ? new Uri(link!.GetLeftPart(UriPartial.Query)) : null;
        return leads;
    }

    [GeneratedRegex("""<a\s[^>]*href\s*=\s*["'](?<address>[^"']+)["']""", RegexOptions.IgnoreCase)]
    private static partial Regex Reference();
}
