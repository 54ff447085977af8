namespace EventLoop;

/// <summary>The process group of a child.</summary>
public enum ProcessGroup
{
    /// <summary>This process's group: Ctrl-C at the terminal reaches the child, too.</summary>
    Inherit,

    /// <summary>A group of its own: signals to the tree reach everything in it. Python: <c>process_group=0</c>.</summary>
    /// <remarks>It is in the background of the terminal: reading it stops the child, and so does writing where <c>stty tostop</c> is set. It continues when it
    /// is sent SIGCONT, which <see cref="Subprocess.StopAsync"/> does.</remarks>
    New,

    /// <summary>A session of its own, without a terminal. Python: <c>start_new_session=True</c>.</summary>
    NewSession,
}
