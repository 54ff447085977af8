namespace EventLoop.Testing;

/// <summary>Streams do not do what streams have to do.</summary>
/// <param name="message">Which rules, and how they are broken.</param>
public sealed class StreamConformanceException(string message) : Exception(message);
