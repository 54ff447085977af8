namespace EventLoop.Coroutines;

/// <summary>The result of a coroutine that has none, where a type is asked for.</summary>
internal enum NoResult : byte
{
    None,
}
