namespace EventLoop.Executors.Workers;

/// <summary>What is said between a pool and its workers. Each frame has a length, a kind and the number of the work it is about.</summary>
internal enum FrameKind : byte
{
    /// <summary>To the worker, first: its number, its serializer, its initializer.</summary>
    Hello,

    /// <summary>From the worker: it takes work.</summary>
    Ready,

    /// <summary>To the worker: the name of a function, under a number.</summary>
    Name,

    /// <summary>To the worker: a function's number and an argument.</summary>
    Work,

    /// <summary>To the worker: a function's number and several arguments.</summary>
    WorkChunk,

    /// <summary>To the worker: the token fires.</summary>
    Cancel,

    /// <summary>To the worker: no more comes.</summary>
    End,

    Progress,

    Result,

    Failure,
}
