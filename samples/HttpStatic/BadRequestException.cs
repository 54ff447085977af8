namespace HttpStatic;

/// <summary>What the client is told, and then the connection ends.</summary>
internal sealed class BadRequestException(int status, string reason) : Exception(reason)
{
    public int Status => status;

    public static BadRequestException Unclear() => new(400, "Bad Request");

    public static BadRequestException TooLarge() => new(431, "Request Header Fields Too Large");
}
