namespace EventLoop.Polling;

/// <summary>What a poller has to say about a descriptor.</summary>
[Flags]
internal enum Readiness : byte
{
    None = 0,
    Readable = 1,
    Writable = 2,

    /// <summary>An end or an error stands behind what can still be read: no other edge will tell of it.</summary>
    HangUp = 4,

    /// <summary>TCP's mark of urgent data stands somewhere in what can be read: a receive stops there, whatever has arrived behind it.</summary>
    Urgent = 32,
}
