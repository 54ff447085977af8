namespace EventLoop;

/// <summary>Which process group a child is in.</summary>
public enum ProcessGroup
{
    /// <summary>This process's: Ctrl-C at the terminal reaches the child, too.</summary>
    Inherit,

    /// <summary>Its own: signals to the tree reach all that is in it. Python: <c>process_group=0</c>.</summary>
    New,

    /// <summary>Its own session and no terminal. Python: <c>start_new_session=True</c>.</summary>
    NewSession,
}
