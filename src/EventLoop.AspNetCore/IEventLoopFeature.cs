namespace EventLoop.AspNetCore;

/// <summary>A feature of each request and connection: the loop that serves it.</summary>
public interface IEventLoopFeature
{
    /// <summary>The loop on which its handlers run.</summary>
    Loop Loop { get; }
}
