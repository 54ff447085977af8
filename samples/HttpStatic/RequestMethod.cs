namespace HttpStatic;

/// <summary>What a request asks for.</summary>
internal enum RequestMethod
{
    Get,
    Head,
    Other,
}
