namespace LocalServer;

/// <summary>What the server wants to know of a request.</summary>
internal sealed record Request(string Path, bool KeepAlive, bool WithoutBody = false, Response? Refusal = null)
{
    public static readonly Request TooLong = Refused("431 Request Header Fields Too Large");

    public static Request Parse(string head)
    {
        string[] lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (lines is not [var first, .. var headers]
            || first.Split(' ') is not [var method, var target, var version]
            || !version.StartsWith("HTTP/1.", StringComparison.Ordinal))
            return Refused("400 Bad Request");
        if (method is not ("GET" or "HEAD"))
            return Refused("405 Method Not Allowed");

        string connection = Array.Find(headers, header => header.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase)) ?? "";
        bool keepAlive = version == "HTTP/1.0"
            ? connection.Contains("keep-alive", StringComparison.OrdinalIgnoreCase)
            : !connection.Contains("close", StringComparison.OrdinalIgnoreCase);
        return new Request(target.Split('?')[0], keepAlive, WithoutBody: method == "HEAD");
    }

    // A body may follow that we do not read, so the connection ends here.
    private static Request Refused(string status) => new("", KeepAlive: false, Refusal: Response.Text(status, status));
}
