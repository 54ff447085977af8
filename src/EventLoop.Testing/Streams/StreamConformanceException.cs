namespace EventLoop.Testing;

/// <summary>Streams violate the rules of a two-way stream.</summary>
/// <param name="message">The rules, and how they are violated.</param>
public sealed class StreamConformanceException(string message) : Exception(message);
