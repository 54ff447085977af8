namespace EventLoop.Net.Sockets;

/// <summary>The result of dropping input.</summary>
internal enum DropOutcome
{
    /// <summary>There is nothing at the moment.</summary>
    Nothing,

    /// <summary>There may be more, but this was enough for one turn of the loop.</summary>
    More,

    /// <summary>The peer has ended its side, or the connection is broken.</summary>
    End,
}
