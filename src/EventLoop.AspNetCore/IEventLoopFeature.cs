namespace EventLoop.AspNetCore;

/// <summary>Among the features of a request and of a connection: the loop that serves it.</summary>
public interface IEventLoopFeature
{
    /// <summary>Its handlers run there.</summary>
    Loop Loop { get; }
}
