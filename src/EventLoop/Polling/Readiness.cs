namespace EventLoop.Polling;

/// <summary>What a poller reports about a descriptor.</summary>
[Flags]
internal enum Readiness : byte
{
    None = 0,
    Readable = 1,
    Writable = 2,

    /// <summary>An end or an error follows what can still be read: no other edge will report it.</summary>
    HangUp = 4,

    /// <summary>TCP's urgent mark is somewhere in what can be read: a receive stops there, whatever has arrived after it.</summary>
    Urgent = 32,

    /// <summary>Whoever waits to receive is not tried now: the next poll asks for it with <see cref="Again"/>.</summary>
    Later = 64,

    /// <summary>Nothing new: whoever waits is tried because of what is known.</summary>
    Again = 128,
}
