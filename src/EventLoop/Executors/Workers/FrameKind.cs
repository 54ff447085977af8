namespace EventLoop.Executors.Workers;

/// <summary>The messages between a pool and its workers. Each frame has a length, a kind and the number of the work that it is about.</summary>
internal enum FrameKind : byte
{
    /// <summary>To the worker, first: its number, its serializer, its initializer.</summary>
    Hello,

    /// <summary>From the worker: it accepts work.</summary>
    Ready,

    /// <summary>To the worker: a number for the name of a function.</summary>
    Name,

    /// <summary>To the worker: a function's number and an argument.</summary>
    Work,

    /// <summary>To the worker: a function's number and several arguments.</summary>
    WorkChunk,

    /// <summary>To the worker: the token fires.</summary>
    Cancel,

    /// <summary>To the worker: nothing more will come.</summary>
    End,

    Progress,

    Result,

    Failure,

    /// <summary>From the worker: it has not begun this, and will not, because what it does takes long.</summary>
    Returned,
}
