namespace HttpStatic;

/// <summary>What the client is told, and then the connection ends.</summary>
internal sealed class BadRequestException(int status, string reason) : Exception(reason)
{
    public int Status => status;
}
